"""Whatever comes in is either stored and understood by a worker, or refused as InvalidParameters."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from taskmill import App, InvalidParameters

app = App("memory://")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
TEXT = (
    st.text() | JSON.map(json.dumps) | st.dictionaries(st.sampled_from(["number", "names", "x"]), JSON).map(json.dumps)
)
ANY_TEXT = st.text(st.characters(exclude_categories=()))
ANYTHING = st.recursive(
    st.none() | st.integers() | st.floats() | ANY_TEXT | st.binary() | st.just(object()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT | st.integers(), inner, max_size=4),
    max_leaves=20,
)


@app.task
def typed(number: int, names: list[str], free: Any = None, *, ratio: float = 0.5) -> None: ...


@app.task
def free(value: Any) -> None: ...


def tried(call: Callable[[], object]) -> InvalidParameters | None:
    try:
        call()
    except InvalidParameters as refused:
        return refused
    return None


def paths(refused: InvalidParameters) -> list[str]:
    """Of what was found wrong; each must say what."""
    assert all(path.startswith("$") and message for path, message in refused.problems)
    return [path for path, _ in refused.problems]


@given(TEXT)
def test_stored_text(text: str) -> None:
    if refused := tried(lambda: typed.decode(text)):
        assert paths(refused)
    else:
        arguments = typed.decode(text)
        assert type(arguments["number"]) is int
        assert all(type(name) is str for name in arguments["names"])


@given(ANYTHING)
def test_arguments(value: Any) -> None:
    if refused := tried(lambda: free.enqueue(value)):
        assert paths(refused)
        assert all(path.startswith("$.value") for path in paths(refused))
    else:
        stored = free.enqueue(value).refresh().spec.parameters
        assert json.loads(stored).keys() == {"value"}
        assert tried(lambda: free.decode(stored)) is None


@given(st.dictionaries(ANY_TEXT, ANYTHING, max_size=4))
def test_names(arguments: dict[str, Any]) -> None:
    refused = tried(lambda: typed.enqueue(**arguments))
    assert refused is not None
    assert paths(refused)
