"""Handlers of every shape, and an app that has all of them in every executor that takes it."""

import asyncio
import functools
import os
from collections.abc import Callable
from typing import Any

from taskmill import App, Context


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

app = App(os.environ.get("CHAOS_STORE"))
for _number, (_fn, _executor) in enumerate(SHAPES):
    app.task(name=f"{_number}", retries=0)(_fn)
    if _executor == "threads":
        app.task(name=f"{_number} in a process", retries=0, executor="processes")(_fn)
