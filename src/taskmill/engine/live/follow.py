"""The one way to follow a task: its events from how it is now to its end.

The live feed gives them; what it may have lost is found by a look at the store now and then.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from taskmill.core import times
from taskmill.core.errors import FeedUnavailable
from taskmill.core.events import TaskEvent
from taskmill.core.state import FINAL
from taskmill.engine.live.events import log_events, state_event
from taskmill.engine.live.lookup import GetTask, get_task
from taskmill.feeds.contract import EventFilter, Feed, Subscription
from taskmill.stores.contract import Store


@dataclass(frozen=True, slots=True)
class FollowTimings:
    """Seconds of silence after which the store is looked at, because an event may have been lost."""

    silence: float = 5.0
    without_feed: float = 1.0
    """The same while the feed is away."""


FOLLOW_TIMINGS = FollowTimings()
NOTHING = -1
"""The version of what is not known yet."""


class Since(NamedTuple):
    """The last event that somebody saw."""

    version: int
    at: int


class Follower:
    """Gives no stale state after a fresh one, and nothing twice."""

    def __init__(
        self,
        id: str,
        feed: Feed,
        store: Store,
        since: Since | None = None,
        *,
        get: GetTask | None = None,
        timings: FollowTimings = FOLLOW_TIMINGS,
    ) -> None:
        """`since`: goes on after this event, with the log lines that are kept of what ended meanwhile.

        `get`: how to read the task, if not by a read of its own.
        """
        self.id = id
        self.over = False
        """The final state was given."""
        self.missed = 0
        """How often steps or log lines may have been missed."""
        self._feed = feed
        self._store = store
        self._get = get or partial(get_task, store)
        self._timings = timings
        self._watching: Subscription | None = None
        self._lost = 0
        self._looked: float | None = None
        self._version = since.version if since else NOTHING
        self._at = 0
        """Time of the last progress, by the clock of whoever reported it."""
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
            events = await self._read_store() if self._until_next_read() <= 0 else await self._hear(end)
            if events or self.missed != missed or (end is not None and time.monotonic() >= end):
                return events
        return []

    def close(self) -> None:
        if self._watching is not None:
            self._watching.close()

    def _until_next_read(self) -> float:
        """Seconds until the next look at the store."""
        if self._looked is None:
            return 0.0
        pause = self._timings.without_feed if self._watching is None else self._timings.silence
        return self._looked + pause - time.monotonic()

    async def _hear(self, end: float | None) -> list[TaskEvent]:
        rest = self._until_next_read() if end is None else min(self._until_next_read(), end - time.monotonic())
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

    async def _read_store(self) -> list[TaskEvent]:
        if self._watching is None:
            await self._watch()
        task = await self._get(self.id)
        self._looked = time.monotonic()
        spec, head = task
        if head.version > self._version:
            kept = [] if self._version == NOTHING else await self._store.attempts(self.id)
            state = state_event(task, head.finished_at or head.started_at or spec.created_at)
            events = [*log_events(task, kept, self._version), state]
        else:
            events = [state_event(task, times.now(), "progress")]
        events = [event for event in events if self._is_news(event)]
        if head.version == self._version:
            self.over = head.state in FINAL
        self._at = 0  # what else comes of this version is fresher, whatever the clock of its sender says
        return events

    async def _watch(self) -> None:
        try:
            self._watching = await self._feed.watch(EventFilter(frozenset({self.id})))
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
