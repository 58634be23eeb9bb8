"""The synchronous face of asynchronous code that never suspends."""

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Drive a coroutine to its end on this thread, without an event loop.

    Stores opened for a thread (`caller`) answer without suspending, so nothing that stands on them ever suspends.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    coroutine.close()
    raise RuntimeError("a coroutine that must not suspend did; it needs an event loop")
