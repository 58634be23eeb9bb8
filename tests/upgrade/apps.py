"""One app, and the same app a release later: it has one task type more."""

import os

from taskmill import App


async def greet(name: str) -> str:
    return f"hello {name}"


async def farewell(name: str) -> str:
    return f"goodbye {name}"


def make(store: str, broker: str | None = None, *, later: bool) -> App:
    app = App(store, broker=broker)
    for handler in (greet, farewell) if later else (greet,):
        app.task(retries=0)(handler)
    return app


if store := os.environ.get("TEST_STORE"):
    now = make(store, os.environ.get("TEST_BROKER"), later=False)
    later = make(store, os.environ.get("TEST_BROKER"), later=True)
