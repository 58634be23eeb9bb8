"""The latest events of all tasks, kept for the streams of many tasks."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from taskmill.core.errors import FeedUnavailable
from taskmill.core.events import TaskEvent
from taskmill.feeds.contract import EventFilter, Feed, Subscription

if TYPE_CHECKING:
    from taskmill.service.streams import StreamSettings


class RecentEvents:
    """The latest events of all tasks: one subscription to the feed for all streams, each reads at its own pace.

    Numbers events from 0, in the order in which this process heard of them. A stream is a number and no buffer: who
    reads too slowly, or comes back too late, finds that his number is gone, and that is a gap.
    """

    def __init__(self, feed: Callable[[], Feed], settings: "StreamSettings") -> None:
        self.name = os.urandom(4).hex()
        """Of this buffer: its numbers mean nothing in another."""
        self.end = 0
        """Number of the next event."""
        self.readers = 0
        self._feed = feed
        self._settings = settings
        self._events: deque[TaskEvent | None] = deque(maxlen=settings.events)
        """None: here some are missing."""
        self._listener: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def first(self) -> int:
        """Number of the oldest that is kept."""
        return self.end - len(self._events)

    async def open(self) -> None:
        """Returns when events are heard. Raises FeedUnavailable."""
        async with self._opening:
            if self._listener is None:
                self._listener = asyncio.create_task(self._listen(await self._feed().watch(EventFilter())))

    def after(self, number: int) -> list[TaskEvent | None]:
        """What is kept from this number on; some of it, if it is much."""
        skipped = max(0, number - self.first)
        return list(islice(self._events, skipped, skipped + self._settings.events_at_once))

    async def news(self, timeout: float) -> None:
        """Returns when there is more, or after so many seconds. Raises FeedUnavailable when nothing comes any more."""
        if self._listener is None:
            raise FeedUnavailable("the live feed was closed")
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=timeout)
        finally:
            self._waiters.discard(waiter)

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])

    async def _listen(self, watching: Subscription) -> None:
        try:
            await self._read(watching)
        except FeedUnavailable:
            pass
        finally:
            watching.close()
            self._listener = None
            self._add(None)

    async def _read(self, watching: Subscription) -> None:
        idle_timeout = self._settings.idle_timeout
        lost, used = watching.lost, time.monotonic()
        while time.monotonic() - used < idle_timeout:
            events: list[TaskEvent | None] = [*await watching.next(idle_timeout)]
            if watching.lost != lost:
                events.insert(0, None)
            lost = watching.lost
            self._add(*events)
            if self.readers:
                used = time.monotonic()

    def _add(self, *events: TaskEvent | None) -> None:
        self._events.extend(events)
        self.end += len(events)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
