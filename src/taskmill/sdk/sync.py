"""The synchronous face of asynchronous code that never suspends."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from taskmill.core.errors import InvalidRequest

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Drive a coroutine to its end on this thread, without an event loop.

    Stores opened with threaded=False answer at once, so nothing that stands on them ever suspends.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    coroutine.close()
    raise RuntimeError("a coroutine that must not suspend did; it needs an event loop")


def refuse_in_loop(blocking: str, awaitable: str) -> None:
    """A call that waits would stop everything else on the event loop."""
    if asyncio._get_running_loop() is not None:
        raise InvalidRequest(
            f"{blocking} would block the running event loop", hint=f"use `await {awaitable}` in async code"
        )
