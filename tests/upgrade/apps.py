"""One app, and the same app a release later: it has one task type more."""

import asyncio
import os

from taskmill import App


async def greet(name: str) -> str:
    return f"hello {name}"


async def slow(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


async def farewell(name: str) -> str:
    return f"goodbye {name}"


def make(store: str, broker: str | None = None, *, later: bool) -> App:
    app = App(store, broker=broker)
    for handler in (greet, slow, farewell) if later else (greet, slow):
        app.task(retries=0)(handler)
    return app


if store := os.environ.get("TEST_STORE"):
    now = make(store, os.environ.get("TEST_BROKER"), later=False)
    later = make(store, os.environ.get("TEST_BROKER"), later=True)
