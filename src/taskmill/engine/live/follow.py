"""One task's story, from how it is now to its end: told by the live feed, with the store as the net under it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from taskmill.core.errors import FeedUnavailable
from taskmill.core.events import TaskEvent
from taskmill.core.state import FINAL
from taskmill.core.task import Attempt, Task
from taskmill.engine.live.events import logged, told
from taskmill.feeds.contract import EventFilter, Feed, Subscription
from taskmill.stores.clock import microseconds

NET = 5.0
"""Seconds of silence after which the store is looked at: an event may have been lost."""
ALONE = 1.0
"""The same while the feed is away."""


NOTHING = -1
"""The version of what is not known yet."""


class Since(NamedTuple):
    """The last event that somebody saw."""

    version: int
    at: int


class FollowSource(NamedTuple):
    """Where a story comes from."""

    feed: Feed
    look: Callable[[str], Awaitable[Task]]
    """The task as it is now. Raises NotFound, StoreError."""
    attempts: Callable[[str], Awaitable[list[Attempt]]]


class Follower:
    """Never tells a stale state after a fresh one, nor the same twice."""

    def __init__(self, source: FollowSource, id: str, since: Since | None = None) -> None:
        """`since`: goes on after this event, with the log lines that are kept of what ended meanwhile."""
        self.id = id
        self.over = False
        """The final state was told."""
        self.missed = 0
        """How often steps or log lines may have been missed."""
        self._source = source
        self._watching: Subscription | None = None
        self._lost = 0
        self._looked: float | None = None
        self._version = since.version if since else NOTHING
        self._at = 0
        """Of the last progress, by the clock of whoever told it."""
        self._progress: str | None = None
        self._line: tuple[int | None, int] = (None, since.at if since else 0)
        """Attempt and time of the last log line."""

    async def next(self, timeout: float | None = None) -> list[TaskEvent]:
        """What came since the last call; at first how it is now, and empty after `timeout` seconds of silence.

        Also empty when `missed` has grown. Raises NotFound (also for a task that is deleted meanwhile), StoreError.
        """
        end = None if timeout is None else time.monotonic() + timeout
        missed = self.missed
        while not self.over:
            events = await self._look() if self._rest() <= 0 else await self._hear(end)
            if events or self.missed != missed or (end is not None and time.monotonic() >= end):
                return events
        return []

    def close(self) -> None:
        if self._watching is not None:
            self._watching.close()

    def _rest(self) -> float:
        """Seconds until the next look at the store."""
        if self._looked is None:
            return 0.0
        return self._looked + (ALONE if self._watching is None else NET) - time.monotonic()

    async def _hear(self, end: float | None) -> list[TaskEvent]:
        rest = self._rest() if end is None else min(self._rest(), end - time.monotonic())
        if self._watching is None:
            await asyncio.sleep(rest)
            return []
        try:
            events = await self._watching.next(max(0.0, rest))
        except FeedUnavailable:
            self._watching = None
            return []
        if events:
            self._looked = time.monotonic()
        if self._watching.lost != self._lost:
            self._lost, self._looked = self._watching.lost, None
            self.missed += 1
        return [event for event in events if self._is_news(event)]

    async def _look(self) -> list[TaskEvent]:
        if self._watching is None:
            await self._watch()
        task = await self._source.look(self.id)
        self._looked = time.monotonic()
        spec, head = task
        if head.version > self._version:
            kept = [] if self._version == NOTHING else logged(task, await self._source.attempts(self.id), self._version)
            events = [*kept, told(task, head.finished_at or head.started_at or spec.created_at)]
        else:
            events = [told(task, microseconds(), "progress")]
        events = [event for event in events if self._is_news(event)]
        if head.version == self._version:
            self.over = head.state in FINAL
        self._at = 0  # whatever else is told of this version is fresher, by whose clock ever
        return events

    async def _watch(self) -> None:
        try:
            self._watching = await self._source.feed.watch(EventFilter(frozenset({self.id})))
        except FeedUnavailable:  # it goes on, only slower
            return
        self._lost = self._watching.lost

    def _is_news(self, event: TaskEvent) -> bool:
        """And takes note of it."""
        if event.kind == "log":
            return self._is_new_line(event)
        known, new = (self._version, self._at), (event.version, event.at)
        if new < known or (event.version == self._version and event.progress in (None, self._progress)):
            return False
        self._version, self._at = new
        self._progress = event.progress
        self.over = event.state in FINAL
        return True

    def _is_new_line(self, event: TaskEvent) -> bool:
        line = (event.attempt, int(json.loads(event.line or "{}").get("at", event.at)))
        if self._line[0] in (None, line[0]) and line[1] <= self._line[1]:
            return False
        self._line = line
        return True
