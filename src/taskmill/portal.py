"""One event loop in a thread of its own, for callers that have none: drivers of servers need one."""

import asyncio
import functools
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple

from taskmill.core.errors import StoreUnavailable

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
ENDING = "this program ends, and nothing that needs a thread can be done any more"


class Portal:
    """Lives as long as its process."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="taskmill-portal", daemon=True)
        self.thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Its result, once it is there; blocks this thread meanwhile, and no other.

        Raises StoreUnavailable when the interpreter has stopped all threads but this one, to end.
        """
        if sys.is_finalizing():
            coroutine.close()
            raise StoreUnavailable(ENDING)
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def call(self, function: Callable[[*Ts], T], *values: *Ts) -> T:
        """Call a plain function there."""

        async def work() -> T:
            return function(*values)

        return self.run(work())

    def soon(self, function: Callable[[*Ts], object], *values: *Ts) -> None:
        """Have it called there, without waiting for it."""
        self.loop.call_soon_threadsafe(functools.partial(function, *values))


_lock = threading.Lock()
_portal: Portal | None = None


def portal() -> Portal:
    """The one of this process. Raises StoreUnavailable as `run` does."""
    global _portal
    if _portal is None:
        if sys.is_finalizing():
            raise StoreUnavailable(ENDING)
        with _lock:
            if _portal is None:
                _portal = Portal()
    return _portal


def portal_loop() -> asyncio.AbstractEventLoop | None:
    """Its event loop, if there is one already."""
    return None if _portal is None else _portal.loop


def in_loop() -> bool:
    """Whether an event loop runs in this thread."""
    return running_loop() is not None


def running_loop() -> asyncio.AbstractEventLoop | None:
    """That of this thread.

    Where gevent has made greenlets of threads, asyncio takes the portal's for that of all of them.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    elsewhere = _portal is not None and loop is _portal.loop and threading.current_thread() is not _portal.thread
    return None if elsewhere else loop


def _after_fork() -> None:
    """The thread did not come along."""
    global _portal, _lock
    _portal, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
