"""What may be a handler beside a plain function, and what is refused when it is declared, in a sentence."""

import asyncio
import functools
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from taskmill import App, Context, InvalidRequest
from taskmill.testing import Sandbox


def scaled(value: int, by: int = 10) -> int:
    """Scale it."""
    return value * by


async def scaled_slowly(value: int, by: int = 10) -> int:
    await asyncio.sleep(0)
    return value * by


@functools.wraps(scaled_slowly)
def through_a_wrapper(*values: Any, **named: Any) -> Any:
    return scaled_slowly(*values, **named)


def plain_round_async(value: int) -> Any:
    return scaled_slowly(value)


class Scale:
    """Scales."""

    def __init__(self, by: int) -> None:
        self.by = by

    def method(self, value: int) -> int:
        return value * self.by

    async def slow_method(self, ctx: Context, value: int) -> int:
        assert ctx.attempt == 1
        return value * self.by

    def __call__(self, value: int) -> int:
        return value * self.by

    @staticmethod
    def static(value: int) -> int:
        return value * 10

    @classmethod
    def of_class(cls, value: int) -> int:
        return value * 10


class SlowScale(Scale):
    async def __call__(self, value: int) -> int:  # type: ignore[override]
        return value * self.by


SHAPES: list[tuple[Callable[..., Any], str]] = [
    (scaled, "threads"),
    (functools.partial(scaled, by=10), "threads"),
    (functools.partial(functools.partial(scaled_slowly), by=10), "inline"),
    (Scale(10), "threads"),
    (SlowScale(10), "inline"),
    (functools.partial(SlowScale(10)), "inline"),
    (Scale(10).method, "threads"),
    (Scale(10).slow_method, "inline"),
    (Scale.static, "threads"),
    (Scale.of_class, "threads"),
    (lambda value: value * 10, "threads"),
    (functools.lru_cache(scaled), "threads"),
    (plain_round_async, "threads"),
    (through_a_wrapper, "threads"),
]


@pytest.mark.parametrize(("fn", "executor"), SHAPES, ids=lambda one: getattr(one, "__name__", None))
def test_it_works(fn: Callable[..., Any], executor: str) -> None:
    app = App("memory://")
    task = app.task(name="scale")(fn)
    assert (task.executor, next(iter(task.schema()["properties"]))) == (executor, "value")
    with Sandbox(app) as sandbox:
        handle = task.enqueue(value=4)
        sandbox.drain()
        assert handle.result() == 40


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
