"""The task types that ship with Taskmill, as anyone uses them."""

import json
from typing import Any

import pytest

from taskmill import App, Context, InvalidParameters, Task
from taskmill.catalogue import app, math, message, sleep
from taskmill.core.retry import RetryPolicy
from taskmill.core.task import Spec
from taskmill.executors.contract import StopRequested
from taskmill.plugins import handlers

SPEC = Spec("01a20141-1ce1-74ee-863d-81cddd5812ca", "sleep", "default", "{}", 2, 1, None, None, None, None, 0)


class Watcher(Context):
    """A context that keeps what a handler says."""

    def __init__(self) -> None:
        super().__init__(SPEC, 1)
        self.fractions: list[float] = []
        self.lines: list[str] = []

    def _on_progress(self, fraction: float, note: str) -> None:
        self.fractions.append(fraction)

    def _on_log(self, level: str, message: str) -> None:
        self.lines.append(message)


async def test_math() -> None:
    assert await math("1 + 2 * 5") == 11


def test_math_gives_up_at_once() -> None:
    policy = RetryPolicy.from_json(json.dumps(json.loads(math.row().options)["retry"]))
    assert policy.gives_up_on(("ExpressionError", "ValueError", "Exception"))


async def test_message_is_logged_and_returned() -> None:
    watcher = Watcher()
    assert await message(watcher, "hello") == {"message": "hello"}
    assert watcher.lines == ["hello"]


async def test_sleep_tells_its_progress() -> None:
    watcher = Watcher()
    assert await sleep(watcher, 0.3) == 0.3
    assert watcher.fractions == sorted(watcher.fractions)
    assert 0 <= watcher.fractions[0] < watcher.fractions[-1] < 1
    assert await sleep(watcher, 0) == 0


async def test_sleep_stops_when_asked_to() -> None:
    watcher = Watcher()
    watcher.request_stop()
    with pytest.raises(StopRequested):
        await sleep(watcher, 60)


@pytest.mark.parametrize(
    ("task", "parameters", "path"),
    [
        (math, {"expression": 1}, "$.expression"),
        (math, {"expression": "1" * 1001}, "$.expression"),
        (message, {}, "$.message"),
        (sleep, {"seconds": -1}, "$.seconds"),
        (sleep, {"seconds": 1e9}, "$.seconds"),
        (sleep, {"seconds": 1, "minutes": 1}, "$.minutes"),
    ],
)
def test_bad_parameters_are_refused_at_the_door(task: Task[..., Any], parameters: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        task.decode(json.dumps(parameters))
    assert [problem.path for problem in refused.value.problems] == [path]


def test_every_field_has_a_title_a_description_and_an_example_that_fits() -> None:
    for task in app.tasks.values():
        schema = task.schema()
        assert task.description
        assert all({"title", "description", "examples"} <= field.keys() for field in schema["properties"].values())
        example = {name: field["examples"][0] for name, field in schema["properties"].items()}
        assert task.decode(json.dumps(example)).keys() == example.keys()


def test_an_apps_own_task_types_come_on_top() -> None:
    own = App()

    @own.task(name="math")
    def mine(expression: str) -> str:
        return expression

    assert {"math", "message", "sleep"} <= handlers(None).keys()
    assert handlers(own)["math"] is mine
    assert handlers(own)["sleep"] is sleep
    assert app.tasks["math"] is math
