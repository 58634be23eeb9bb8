"""The latest events of all tasks: one watcher of the live feed for all streams of a server, each reads at its own pace.

A stream is a place in the ring. Who reads too slowly, or comes back too late, finds his place gone: that is a gap.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable
from itertools import islice

from taskmill.core.errors import FeedUnavailable
from taskmill.core.events import TaskEvent
from taskmill.feeds.contract import EventFilter, Feed, Subscription

KEPT = 5_000
LINGER = 60.0
"""Seconds that it goes on listening when nobody reads: streams are cut, and come back."""
AT_ONCE = 500

Entry = TaskEvent | None
"""None: here some are missing."""


class Recent:
    """Numbers events from 0, in the order in which this process heard of them."""

    def __init__(self, feed: Callable[[], Feed]) -> None:
        self.name = os.urandom(4).hex()
        """Of this ring: numbers mean nothing in another."""
        self.end = 0
        """Number of the next event."""
        self.readers = 0
        self._feed = feed
        self._ring: deque[Entry] = deque(maxlen=KEPT)
        self._listener: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def first(self) -> int:
        """Number of the oldest that is kept."""
        return self.end - len(self._ring)

    async def open(self) -> None:
        """Returns when events are heard. Raises FeedUnavailable."""
        async with self._opening:
            if self._listener is None:
                self._listener = asyncio.create_task(self._listen(await self._feed().watch(EventFilter())))

    def after(self, place: int) -> list[Entry]:
        """What is kept from this place on; some of it, if it is much."""
        skipped = max(0, place - self.first)
        return list(islice(self._ring, skipped, skipped + AT_ONCE))

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
            await self._listening(watching)
        except FeedUnavailable:
            pass
        finally:
            watching.close()
            self._listener = None
            self._add(None)

    async def _listening(self, watching: Subscription) -> None:
        lost, used = watching.lost, time.monotonic()
        while time.monotonic() - used < LINGER:
            events: list[Entry] = [*await watching.next(LINGER)]
            if watching.lost != lost:
                events.insert(0, None)
            lost = watching.lost
            self._add(*events)
            if self.readers:
                used = time.monotonic()

    def _add(self, *entries: Entry) -> None:
        self._ring.extend(entries)
        self.end += len(entries)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
