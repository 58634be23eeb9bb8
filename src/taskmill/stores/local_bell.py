"""A bell inside one process: for stores that live there."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Collection
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotRung

from taskmill.portal import in_loop
from taskmill.stores.contract import Ear, Topic

BACKLOG = 1000
"""What an ear keeps that nobody waits on; older rings are dropped, as the contract allows."""


class LocalBell:
    def __init__(self) -> None:
        self._ears: list[LocalEar] = []

    def ring(self, topic: Topic, items: Collection[str]) -> None:
        for ear in tuple(self._ears):
            if topic in ear.topics:
                ear.hear(topic, items)

    def listen(self, *topics: Topic) -> Ear:
        ear = LocalEar(self._ears, topics)
        self._ears.append(ear)
        return ear


class LocalEar:
    def __init__(self, ears: "list[LocalEar]", topics: Collection[Topic]) -> None:
        self.topics = frozenset(topics)
        self._ears = ears
        self._lock = threading.Lock()
        self._rung: deque[tuple[Topic, str]] = deque(maxlen=BACKLOG)
        self._waiter: Future[None] | None = None

    def hear(self, topic: Topic, items: Collection[str]) -> None:
        with self._lock:
            self._rung.extend((topic, item) for item in items or ("",))
            waiter, self._waiter = self._waiter, None
        if waiter is not None and waiter.set_running_or_notify_cancel():
            waiter.set_result(None)

    async def wait(self, timeout: float | None) -> list[tuple[Topic, str]]:
        with self._lock:
            if self._rung:
                return self._take()
            waiter = self._waiter = Future()
        await _wait(waiter, timeout)
        with self._lock:
            self._waiter = None
            return self._take()

    def close(self) -> None:
        if self in self._ears:
            self._ears.remove(self)

    def _take(self) -> list[tuple[Topic, str]]:
        rung = list(self._rung)
        self._rung.clear()
        return rung


async def _wait(waiter: "Future[None]", timeout: float | None) -> None:
    if in_loop():
        await asyncio.wait([asyncio.wrap_future(waiter)], timeout=timeout)
    else:
        with contextlib.suppress(NotRung):
            waiter.result(timeout)
