"""Streams of events, of one task or of many: typed items, whose bytes are the business of a face.

An item that a stream can go on after has an id; a client that comes back with it misses nothing that is still kept.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from taskmill.core.errors import FeedUnavailable, NotFound, StoreError
from taskmill.core.events import TaskEvent
from taskmill.engine.live.follow import Follower, Since
from taskmill.engine.live.lookup import GetTask
from taskmill.feeds import wire
from taskmill.feeds.contract import EventFilter
from taskmill.sdk.backend import Backend
from taskmill.service import present, views
from taskmill.service.errors import TooManyStreams
from taskmill.service.recent_events import RecentEvents

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
    @property
    def over(self) -> bool:
        """Nothing comes any more."""
        ...

    @property
    def position(self) -> str | None:
        """The id to go on after, also when nothing was handed out for long. None: that of the last item with one."""
        ...

    async def next(self, timeout: float) -> list[StreamItem]:
        """What came since the last call; empty after `timeout` seconds of silence."""
        ...

    def close(self) -> None:
        """Once."""
        ...


class Streams:
    """Opens, counts and ends the streams of a server, on its event loop."""

    def __init__(self, backend: Backend, get: GetTask, settings: StreamSettings) -> None:
        self.settings = settings
        self._backend = backend
        self._get = get
        self._recent = RecentEvents(lambda: backend.live, settings)
        self._open: set[asyncio.Task[None]] = set()
        self._count = 0
        self._stopped = False

    async def of_task(self, id: str, last: str | None) -> "TaskStream":
        """`last`: the id of the last item that the client saw. Raises NotFound, TooManyStreams."""
        self._begin()
        seen = ITEM_ID.fullmatch(last or "")
        since = Since(int(seen[1]), int(seen[2])) if seen else None
        follower = Follower(id, self._backend.live, self._backend.store, since, get=self._get)
        try:
            first = await follower.next()
        except BaseException:
            follower.close()
            self._end()
            raise
        return TaskStream(follower, first, self._get, self.settings.store_retry, self._end)

    async def filtered(self, where: EventFilter, last: str | None) -> "FilteredStream":
        """Raises FeedUnavailable, TooManyStreams."""
        self._begin()
        try:
            await self._recent.open()
        except BaseException:
            self._end()
            raise
        return FilteredStream(self._recent, where, last, self._end)

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

    @property
    def is_stopped(self) -> bool:
        return self._stopped

    def __len__(self) -> int:
        """How many are open, or about to be."""
        return self._count

    def _begin(self) -> None:
        limit = self.settings.streams
        if self._stopped or self._count >= limit:
            why = "the server is stopping" if self._stopped else f"{limit} streams are open, which is the most"
            raise TooManyStreams(why, hint="try again later, or ask for the status now and then")
        self._count += 1

    def _end(self) -> None:
        self._count -= 1


class TaskStream:
    """From how a task is now to its end, with its result."""

    position = None

    def __init__(
        self,
        follower: Follower,
        first: list[TaskEvent],
        get: GetTask,
        store_retry: float,
        on_close: Callable[[], None],
    ) -> None:
        self.over = False
        self._on_close = on_close
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
        self._on_close()

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

    def __init__(
        self, recent: RecentEvents, where: EventFilter, last: str | None, on_close: Callable[[], None]
    ) -> None:
        self.over = False
        self._on_close = on_close
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
        self._on_close()

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
