"""What no store has to hold, found anywhere in any JSON; and what may stay."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmill.core import limits
from taskmill.core.errors import Problem

TEXT = st.text(st.characters(exclude_characters="\0"), max_size=5)
FINE = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | TEXT
FINE_JSON = st.recursive(FINE, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)
BAD = {
    "holds a NUL character": "a\0b",
    "has a name with a NUL character": {"\0": 1},
    "is an integer beyond 64 bits; send it as a string": 2**63,
    "nests deeper than 64 levels": json.loads("[" * 65 + "]" * 65),
}


def nested(levels: int) -> Any:
    return json.loads('{"a":' * levels + "1" + "}" * levels)


@given(FINE_JSON)
def test_what_any_store_can_hold(value: Any) -> None:
    assert list(limits.unstorable(value, "$")) == []


@pytest.mark.parametrize("message", BAD)
@given(FINE_JSON)
def test_what_some_could_not_is_found_beside_anything(message: str, other: Any) -> None:
    value = {"a": other, "b": [other, {"c d": BAD[message]}]}
    assert limits.suspect(json.dumps(value).encode())
    [(path, found)] = limits.unstorable(value, "$")
    assert path.startswith("$.b[1]['c d']")
    assert found == message


def test_the_deepest_that_is_taken() -> None:
    assert list(limits.unstorable(nested(64), "$")) == []
    [(path, message)] = limits.unstorable(nested(65), "$")
    assert (path, message) == ("$" + ".a" * 64, limits.TOO_DEEP)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (limits.name, ["a", "n" * 128, "Größe", "a b"], ["", "n" * 129, "a\nb", "\0", 7]),
        (limits.tag_count, [0, 32], [33]),
        (limits.retries, [0, 1000], [-1, 1001, True, 1.5, "3"]),
        (limits.delay, [0, 0.5, 315_360_000], [-1, 315_360_001, float("nan"), "1"]),
        (limits.timeout, [0.001, 315_360_000], [0, -1, 315_360_001, float("nan")]),
        (limits.start, [-5, 315_360_000], [315_360_001]),
        (limits.too_large, [2**20], [2**20 + 1]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_bounds(check: Any, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if check(value) is not None] == []
    assert [value for value in bad if check(value) is None] == []


def test_a_step_down_can_be_read() -> None:
    assert limits.step("$", "a") == "$.a"
    assert limits.step("$.a", 0) == "$.a[0]"
    assert limits.step("$", "odd name") == "$['odd name']"
    assert Problem(*next(limits.unstorable({"odd name": "\0"}, "$"))).path == "$['odd name']"
