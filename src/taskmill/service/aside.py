"""Long computations of a server, on a thread beside its event loop, so that the loop goes on answering the others."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
BIG = 65_536
"""Bytes of JSON from which on it is worth the way to the thread and back."""


class Aside:
    """One at a time: two would get no further in the same time, and leave the event loop a third of it."""

    def __init__(self, on_a_loop: bool) -> None:
        """`on_a_loop`: False computes in place, for callers that have no event loop."""
        self._thread = ThreadPoolExecutor(1, "taskmill-aside") if on_a_loop else None

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        if self._thread is None:
            return function(*args, **kwargs)
        call = functools.partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def let_others(self) -> None:
        """Lets the other callers of the event loop go first."""
        if self._thread is not None:
            await asyncio.sleep(0)

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
