"""Threads for handlers: as many as are wanted at once, kept for the next.

An attempt that never leaves its thread costs that thread and nothing else: the others get new ones, and daemon threads
do not keep the process from ending (those of `concurrent.futures` do).
"""

import queue
import threading
from collections.abc import Callable

Call = Callable[[], None]


class Pool:
    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)

    def submit(self, call: Call) -> None:
        """`call` must not raise. Raises RuntimeError when the system gives no more threads."""
        if not self._idle.acquire(blocking=False):
            threading.Thread(target=self._serve, name="taskmill-handler", daemon=True).start()
        self._calls.put(call)

    def close(self) -> None:
        """Threads end when they are idle."""
        self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            self._idle.release()
        self._calls.put(None)
