"""Streams of events, of one task or of many: typed items, whose bytes are the business of a face.

An item that a stream can go on after has an id; a client that comes back with it misses nothing that is still kept.
"""

import asyncio
import contextlib
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

from taskmill.core.errors import FeedUnavailable, NotFound, StoreError
from taskmill.core.events import TaskEvent
from taskmill.engine.live.follow import Follower, Since
from taskmill.engine.live.lookup import GetTask
from taskmill.feeds import wire
from taskmill.feeds.contract import EventFilter, Feed, Subscription
from taskmill.sdk.backend import Backend
from taskmill.service import present, views
from taskmill.service.errors import TooManyStreams

ITEM_ID = re.compile(r"(\d{1,18})-(\d{1,18})")
"""In the stream of a task: version and time of the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    streams: int = 500
    """So many may be open at a time."""
    heartbeat: float = 15.0
    """Seconds of silence after which a face shows its client that the stream lives."""
    store_retry: float = 1.0
    """Seconds between questions to a store that is away."""
    idle_timeout: float = 60.0
    """Seconds for which the server goes on listening to the feed when nobody reads: streams are cut, and come back."""
    events: int = 5_000
    """So many of the latest are kept for streams of many tasks."""
    events_at_once: int = 500
    """So many are handed to a stream at a time, at most."""


class TaskChange(NamedTuple):
    view: views.EventView
    id: str


class EventGap(NamedTuple):
    """Some events are missing here."""

    view: views.GapView
    id: str | None = None


class TaskEnd(NamedTuple):
    """How the task ended: the last item of its stream."""

    view: views.EndView


class TaskGone(NamedTuple):
    """The task was deleted meanwhile: the last item of its stream."""

    error: NotFound


StreamItem = TaskChange | EventGap | TaskEnd | TaskGone


class EventStream(Protocol):
    over: bool
    """Nothing comes any more."""

    @property
    def position(self) -> str | None:
        """The id to go on after, also when nothing was handed out for long. None: that of the last item with one."""
        ...

    async def next(self, timeout: float) -> list[StreamItem]:
        """What came since the last call; empty after `timeout` seconds of silence."""
        ...

    def close(self) -> None: ...


class Streams:
    """Opens, counts and ends the streams of a server, on its event loop."""

    def __init__(self, backend: Backend, get: GetTask, settings: StreamSettings) -> None:
        self.settings = settings
        self._backend = backend
        self._get = get
        self._recent = RecentEvents(lambda: backend.live, settings)
        self._open: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def of_task(self, id: str, last: str | None) -> "TaskStream":
        """`last`: the id of the last item that the client saw. Raises NotFound, TooManyStreams."""
        self._check()
        seen = ITEM_ID.fullmatch(last or "")
        since = Since(int(seen[1]), int(seen[2])) if seen else None
        follower = Follower(id, self._backend.live, self._backend.store, since, get=self._get)
        try:
            first = await follower.next()
        except BaseException:
            follower.close()
            raise
        return TaskStream(follower, first, self._get, self.settings.store_retry)

    async def filtered(self, where: EventFilter, last: str | None) -> "FilteredStream":
        """Raises FeedUnavailable, TooManyStreams."""
        self._check()
        await self._recent.open()
        return FilteredStream(self._recent, where, last)

    @contextlib.contextmanager
    def counted(self, task: "asyncio.Task[None]") -> Iterator[None]:
        """`task` sends the items of a stream to the client; it is cancelled when the server stops."""
        self._open.add(task)
        try:
            yield
        finally:
            self._open.discard(task)

    def stop(self) -> None:
        """Ends them all; clients come back by themselves."""
        self._stopped = True
        for task in self._open:
            task.cancel()

    async def close(self) -> None:
        self.stop()
        await self._recent.close()

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def _check(self) -> None:
        limit = self.settings.streams
        if self._stopped or len(self._open) >= limit:
            why = "the server is stopping" if self._stopped else f"{limit} streams are open, which is the most"
            raise TooManyStreams(why, hint="try again later, or ask for the status now and then")


class TaskStream:
    """From how a task is now to its end, with its result."""

    position = None

    def __init__(self, follower: Follower, first: list[TaskEvent], get: GetTask, store_retry: float) -> None:
        self.over = False
        self._follower = follower
        self._first = first
        self._get = get
        self._store_retry = store_retry
        self._missed = 0

    async def next(self, timeout: float) -> list[StreamItem]:
        try:
            return await self._next(timeout)
        except NotFound as error:
            self.over = True
            return [TaskGone(error)]
        except StoreError:
            await asyncio.sleep(min(timeout, self._store_retry))
            return []

    def close(self) -> None:
        self._follower.close()

    async def _next(self, timeout: float) -> list[StreamItem]:
        events, self._first = self._first or await self._follower.next(timeout), []
        items: list[StreamItem] = [TaskChange(wire.view(event), f"{event.version}-{event.at}") for event in events]
        if self._follower.missed != self._missed:
            self._missed = self._follower.missed
            items.append(EventGap(views.GapView("some steps or log lines were missed; how the task is now follows")))
        if self._follower.over:
            try:
                items.append(TaskEnd(present.end_view(await self._get(self._follower.id))))
                self.over = True
            except StoreError:
                if not items:
                    raise  # else these go out first, and the next call asks again
        return items


class FilteredStream:
    """Of all tasks that a filter matches, without an end."""

    def __init__(self, recent: "RecentEvents", where: EventFilter, last: str | None) -> None:
        self.over = False
        self._recent = recent
        self._where = where
        recent.readers += 1
        name, _, number = (last or "").partition("-")
        known = name == recent.name and number.isdigit() and int(number[:18]) <= recent.end
        self._number = int(number[:18]) if known else recent.end
        """Of the next event."""
        self._gap = last is not None and not known

    @property
    def position(self) -> str:
        return f"{self._recent.name}-{self._number}"

    async def next(self, timeout: float) -> list[StreamItem]:
        end = time.monotonic() + timeout
        while not (items := self._items()) and (left := end - time.monotonic()) > 0:
            try:
                if self._number == self._recent.end:
                    await self._recent.news(left)
            except FeedUnavailable:
                self.over = True
                break
        return items

    def close(self) -> None:
        self._recent.readers -= 1

    def _items(self) -> list[StreamItem]:
        if self._number < self._recent.first:
            self._gap, self._number = True, self._recent.first
        items: list[StreamItem] = []
        for event in self._recent.after(self._number):
            self._number += 1
            if event is None:
                self._gap = True
            elif self._where.matches(event):
                items += [*self._gap_before(), TaskChange(wire.view(event), self.position)]
        return [*items, *self._gap_before()]

    def _gap_before(self) -> list[StreamItem]:
        gap, self._gap = self._gap, False
        return [EventGap(views.GapView("events were missed; read anew what matters"), self.position)] if gap else []


class RecentEvents:
    """The latest events of all tasks: one subscription to the feed for all streams, each reads at its own pace.

    Numbers events from 0, in the order in which this process heard of them. A stream is a number and no buffer: who
    reads too slowly, or comes back too late, finds that his number is gone, and that is a gap.
    """

    def __init__(self, feed: Callable[[], Feed], settings: StreamSettings) -> None:
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
