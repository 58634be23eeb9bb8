"""The app of the scenario. What a task waits for is a file, so that a test decides how long it takes."""

import asyncio
import os
import time
from pathlib import Path
from typing import NamedTuple

from taskmill import App, Context, RetryPolicy

LOOK = 0.01


class Total(NamedTuple):
    items: list[str]
    cents: int


async def add(a: int, b: int) -> int:
    return a + b


def price(items: list[str]) -> Total:
    return Total(items, 250 * len(items))


async def second_time(ctx: Context) -> int:
    if ctx.attempt < 2:
        raise ConnectionError("not yet")
    return ctx.attempt


def half_way(ctx: Context, gate: str) -> str:
    ctx.progress(0.5, "half of it")
    _pass(gate)
    return "whole"


def until_asked(ctx: Context) -> None:
    ctx.progress(0.1, "never ends by itself")
    while True:
        ctx.raise_if_cancelled()
        time.sleep(LOOK)


async def note(path: str, what: str) -> None:
    with open(path, "a") as file:
        file.write(f"{what}\n")
    await asyncio.sleep(LOOK)


def held(path: str) -> int:
    """Tells its process; ends when the file `path`.go is there."""
    with open(path, "a") as file:
        file.write(f"{os.getpid()}\n")
    _pass(f"{path}.go")
    return os.getpid()


def _pass(gate: str) -> None:
    """Wait until there is such a file."""
    while not Path(gate).exists():
        time.sleep(LOOK)


def make(store: str, broker: str | None = None, feed: str | None = None) -> App:
    app = App(store, broker=broker, feed=feed)
    for handler in (add, price, second_time, half_way, until_asked, note, held):
        app.task(retries=2, retry=RetryPolicy("fixed", 0.1))(handler)
    return app


if "TEST_STORE" in os.environ:
    app = make(os.environ["TEST_STORE"], os.environ.get("TEST_BROKER"), os.environ.get("TEST_FEED"))
