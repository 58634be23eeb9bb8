"""What may be a handler beside a plain function, and what is refused when it is declared, in a sentence."""

import functools
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskmill import App, InvalidRequest
from taskmill.testing import Sandbox
from tests.chaos.running import RunningTaskmill
from tests.sdk.shaped import SHAPES, Scale, scaled
from tests.sdk.shaped import app as shaped


@pytest.mark.parametrize(("fn", "executor"), SHAPES, ids=lambda one: getattr(one, "__name__", None))
def test_it_works(fn: Callable[..., Any], executor: str) -> None:
    app = App("memory://")
    task = app.task(name="scale")(fn)
    assert (task.executor, next(iter(task.schema()["properties"]))) == (executor, "value")
    with Sandbox(app) as sandbox:
        handle = task.enqueue(value=4)
        sandbox.drain()
        assert handle.result() == 40


@pytest.mark.slow
def test_all_of_them_run_in_workers_in_every_executor(tmp_path: Path) -> None:
    mill = RunningTaskmill(tmp_path, home=Path.cwd())
    mill.start(app="tests.sdk.shaped:app")
    client = App(mill.store)
    try:
        handles = {name: client.task(name=name)(scaled).enqueue(value=4) for name in shaped.tasks}
        assert {name: handle.result(timeout=30) for name, handle in handles.items()} == dict.fromkeys(handles, 40)
    finally:
        client.close()
        mill.kill_tree()


def test_of_a_partial_the_summary_is_that_of_its_function() -> None:
    app = App("memory://")
    assert app.task(name="one")(functools.partial(scaled, by=2)).description == "Scale it."
    assert app.task(name="two")(Scale(2)).description == "Scales."


def numbers() -> Iterator[int]:
    yield 1


async def numbers_slowly() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("fn", "why"),
    [
        (numbers, "it is a generator, which does nothing before somebody asks it for values; return a list"),
        (numbers_slowly, "it is a generator, which does nothing before somebody asks it for values; return a list"),
        (functools.partial(numbers), "it is a generator, which does nothing"),
        (Scale, "it is a class; declare a function, or an object that can be called"),
        (Scale.method, "it is a method, and there is no object to call it on; declare a function"),
        (Scale.__dict__["of_class"], "it can't be called"),
        (5, "it can't be called"),
        (math.sqrt, "the parameter `x, /`|the parameter `x`"),
        (print, "the parameter `*args`"),
    ],
)
def test_it_is_refused_in_a_sentence(fn: Any, why: str) -> None:
    pattern = "|".join(map(re.escape, why.split("|")))
    with pytest.raises(InvalidRequest, match=f"^task type 'odd': .*({pattern})"):
        App("memory://").task(name="odd")(fn)


@pytest.mark.parametrize("fn", [lambda: 1, functools.partial(scaled, by=1), Scale(10)])
def test_what_has_no_name_of_its_own_asks_for_one(fn: Any) -> None:
    with pytest.raises(InvalidRequest, match="has no name for its task type") as refused:
        App("memory://").task(fn)
    assert refused.value.hint == 'give it one: @app.task(name="…")'


def test_a_task_type_is_no_function_to_be_declared_again() -> None:
    task = App("memory://").task(scaled)
    with pytest.raises(InvalidRequest, match=r"it is a task type already; app\.include"):
        App("memory://").task(task)


def test_a_cell_of_a_notebook_that_is_run_again_replaces_what_it_declared() -> None:
    app = App("memory://")
    cell = "@app.task\ndef count() -> int:\n    return {}\n"
    names = {"app": app, "__name__": "__main__"}
    for number in (1, 2):
        exec(cell.format(number), names)
    with Sandbox(app) as sandbox:
        handle = names["count"].enqueue()  # type: ignore[attr-defined]
        sandbox.drain()
        assert handle.result() == 2
