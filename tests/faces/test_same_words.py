"""What a task may hold is the same through REST and in Python, and it is refused in the same words."""

from typing import Any

import pytest

from taskmill import App, InvalidRequest, Task
from tests.faces.site import Site


@pytest.fixture
def order() -> Task[..., None]:
    @App("memory://").task
    def order(items: list[Any], note: Any = None) -> None: ...

    return order


def nested(levels: int) -> Any:
    return [nested(levels - 1)] if levels else 1


OPTIONS: dict[str, dict[str, Any]] = {
    "an empty queue": {"queue": ""},
    "a key of two lines": {"key": "a\nb"},
    "too many tags": {"tags": [str(number) for number in range(33)]},
    "a negative delay": {"delay": -1},
    "no time at all": {"timeout": 0},
    "a timeout of a century": {"timeout": 36_500 * 86_400},
    "too many retries": {"retries": 1001},
}
NOTES = {
    "a NUL character": "a\0b",
    "a NUL character in a name": {"a\0b": 1},
    "65 levels": nested(64),
    "a big integer": 2**63,
    "a bigger integer": -(2**70),
    "a megabyte": "x" * 2**20,
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options(site: Site, order: Task[..., None], case: str) -> None:
    reply = site.http.post("/api/tasks", json={"task_type": "order", "parameters": {"items": []}, **OPTIONS[case]})
    [found] = reply.json()["errors"]
    with pytest.raises(InvalidRequest) as refused:
        order.using(**OPTIONS[case])
    assert str(refused.value).endswith(found["message"])


@pytest.mark.parametrize("case", NOTES)
def test_parameters(site: Site, order: Task[..., None], case: str) -> None:
    draft = {"task_type": "order", "parameters": {"items": [], "note": NOTES[case]}}
    found = site.http.post("/api/tasks", json=draft).json()
    with pytest.raises(InvalidRequest) as refused:
        order.enqueue([], NOTES[case])
    assert refused.value.code == found["code"]
    here = [(problem.path, problem.message) for problem in refused.value.problems]
    assert here == [(error["path"].replace("$.parameters", "$"), error["message"]) for error in found.get("errors", [])]
    if not here:
        assert str(refused.value) == found["detail"]


def test_what_is_just_right(site: Site, order: Task[..., None]) -> None:
    note = [nested(62), 2**63 - 1, "\x01"]
    site.create(task_type="order", parameters={"items": [], "note": note})
    assert order.enqueue([], note).created
