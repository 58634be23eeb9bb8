"""What of the service is live: status from the cache, the stream of one task, the stream of many."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec
from msgspec import Struct

from taskmill.core.errors import FeedUnavailable, NotFound, StoreError, TaskmillError
from taskmill.core.events import TaskEvent
from taskmill.core.state import FINAL
from taskmill.core.task import Task
from taskmill.engine.live.events import told
from taskmill.engine.live.follow import Follower, FollowSource, Since
from taskmill.feeds import wire
from taskmill.feeds.contract import EventFilter
from taskmill.sdk.backend import Backend
from taskmill.service import faults, present, views
from taskmill.service.limits import Limits
from taskmill.service.recent import Recent
from taskmill.service.streams import Streams, frame, gap

FINALS = 10_000
"""Final tasks that were seen in the store: no cache is believed that says otherwise."""
PATIENCE = 1.0
"""Seconds between questions to a store that is away."""
PLACE = re.compile(r"(\d{1,18})-(\d{1,18})")
Look = Callable[[str], Awaitable[Task]]


class Question(Struct, forbid_unknown_fields=True):
    """What is asked over a live feed."""

    id: str


class Live:
    """On the event loop of a server."""

    def __init__(self, opened: Backend, look: Look, limits: Limits) -> None:
        """`look` raises NotFound."""
        self.streams = Streams(limits.streams, limits.heartbeat)
        self._opened = opened
        self._look = look
        self._recent = Recent(lambda: opened.live)
        self._finals: OrderedDict[str, int] = OrderedDict()

    async def status(self, id: str) -> views.StatusView:
        """From the cache of the live feed, if that knows it. Raises NotFound."""
        feed = self._opened.feed
        cached = (await feed.latest([id])).get(id) if feed else None
        if cached is not None and cached.version >= self._finals.get(id, 0):
            return _status(cached, "cache")
        event = told(await self._look(id), 0)  # whatever its worker tells of this version is as fresh
        if feed:
            await feed.remember([event])
        return _status(event, "store")

    def saw(self, task: Task) -> None:
        if task.head.state in FINAL and self._opened.feed:
            self._finals[task.spec.id] = task.head.version
            if len(self._finals) > FINALS:
                self._finals.popitem(last=False)

    async def answer(self, question: bytes) -> bytes:
        """The status of a task, or a problem, as JSON."""
        try:
            return msgspec.json.encode(await self.status(msgspec.json.decode(question, type=Question).id))
        except msgspec.DecodeError as error:
            wrong: TaskmillError = faults.InvalidJson(str(error), hint='ask with {"id": "…"}')
        except TaskmillError as error:
            wrong = error
        return faults.encode(faults.problem(wrong))

    async def task_frames(self, id: str, last: str | None) -> "TaskFrames":
        """`last`: the Last-Event-ID. Raises NotFound, TooManyStreams."""
        self.streams.check()
        place = PLACE.fullmatch(last or "")
        since = Since(int(place[1]), int(place[2])) if place else None
        following = Follower(FollowSource(self._opened.live, self._look, self._opened.store.attempts), id, since)
        try:
            first = await following.next()
        except BaseException:
            following.close()
            raise
        return TaskFrames(following, first, self._look)

    async def wide_frames(self, where: EventFilter, last: str | None) -> "WideFrames":
        """Raises FeedUnavailable, TooManyStreams."""
        self.streams.check()
        await self._recent.open()
        return WideFrames(self._recent, where, last)

    def stop(self) -> None:
        self.streams.stop()

    async def close(self) -> None:
        self.stop()
        await self._recent.close()


class TaskFrames:
    """From how a task is now to its end, and a last frame with its result."""

    def __init__(self, following: Follower, first: list[TaskEvent], look: Look) -> None:
        self.over = False
        self._following = following
        self._first = first
        self._look = look
        self._missed = 0

    async def next(self, timeout: float) -> bytes:
        try:
            return await self._next(timeout)
        except NotFound as error:
            self.over = True
            return frame("gone", faults.encode(faults.problem(error)))
        except StoreError:
            await asyncio.sleep(min(timeout, PATIENCE))
            return b""

    def beat(self) -> bytes:
        return b": alive\n\n"

    def close(self) -> None:
        self._following.close()

    async def _next(self, timeout: float) -> bytes:
        events, self._first = self._first or await self._following.next(timeout), []
        data = b"".join(frame(event.kind, wire.encode(event), f"{event.version}-{event.at}") for event in events)
        if self._following.missed != self._missed:
            self._missed = self._following.missed
            data += gap("some steps or log lines were missed; how the task is now follows")
        if self._following.over:
            self._first = []
            data += await self._end()
        return data

    async def _end(self) -> bytes:
        view = present.task_view(await self._look(self._following.id))
        self.over = True
        return frame("end", msgspec.json.encode(present.end_view(view)))


class WideFrames:
    """Of many tasks, without an end."""

    def __init__(self, recent: Recent, where: EventFilter, last: str | None) -> None:
        self.over = False
        self._recent = recent
        self._where = where
        recent.readers += 1
        name, _, number = (last or "").partition("-")
        known = name == recent.name and number.isdigit() and int(number[:18]) <= recent.end
        self._place = int(number[:18]) if known else recent.end
        self._gap = last is not None and not known

    async def next(self, timeout: float) -> bytes:
        end = time.monotonic() + timeout
        while not (data := self._frames()) and (left := end - time.monotonic()) > 0:
            try:
                if self._place == self._recent.end:
                    await self._recent.news(left)
            except FeedUnavailable:
                self.over = True
                break
        return data

    def beat(self) -> bytes:
        return b"id: " + self._id().encode() + b"\n: alive\n\n"

    def close(self) -> None:
        self._recent.readers -= 1

    def _frames(self) -> bytes:
        if self._place < self._recent.first:
            self._gap, self._place = True, self._recent.first
        frames: list[bytes] = []
        for event in self._recent.after(self._place):
            self._place += 1
            if event is None:
                self._gap = True
            elif self._where.matches(event):
                frames += [*self._told_gap(), frame(event.kind, wire.encode(event), self._id())]
        return b"".join([*frames, *self._told_gap()])

    def _told_gap(self) -> list[bytes]:
        was, self._gap = self._gap, False
        return [gap("events were missed; read anew what matters", self._id())] if was else []

    def _id(self) -> str:
        return f"{self._recent.name}-{self._place}"


def _status(event: TaskEvent, source: Literal["cache", "store"]) -> views.StatusView:
    return views.StatusView(
        id=event.id,
        state=event.state,
        progress=present.raw(event.progress),
        attempt=event.attempt,
        version=event.version,
        source=source,
    )
