"""The live feed's verbs, on Redis: events by pub/sub, and the latest state and progress of each task as a key.

Whoever watches tasks by id subscribes to `taskmill:DB:task:ID`, else to `taskmill:DB:queue:NAME` of each queue or of
all: a process receives only what somebody in it watches. Channels know no databases, so the number of ours is in their
names.
"""

import asyncio
from collections.abc import Collection, Coroutine, Iterator, Sequence
from importlib.resources import files
from itertools import islice
from typing import Any, TypeVar, cast
from uuid import uuid4

import msgspec
from redis.exceptions import NoScriptError

from taskmill.core.errors import FeedUnavailable
from taskmill.core.events import TaskEvent
from taskmill.core.state import FINAL, State
from taskmill.feeds import wire
from taskmill.feeds.contract import Answer, EventFilter, Subscription
from taskmill.feeds.redis.subscriber import REDIS_FEED_TIMINGS, RedisFeedTimings, RedisSubscriber
from taskmill.wires.availability import Availability
from taskmill.wires.redis import FAILURES, RedisLimits, connect, leave_replica, locate_redis, reason

T = TypeVar("T")

BATCH = 250
"""Events in one call of the script."""
MARK = 40
"""Digits before each event: version and time, to be compared as text."""
SCRIPT = files("taskmill.feeds.redis").joinpath("publish.lua").read_text(encoding="utf-8")


class RedisFeed:
    """Connects with the first use."""

    def __init__(self, url: str, timings: RedisFeedTimings = REDIS_FEED_TIMINGS) -> None:
        """`redis://user:password@host:6379/0` or `rediss://…`. Raises InvalidSettings."""
        location = locate_redis(url)
        self.location = location.shown
        self._channels = f"taskmill:{location.path}:"
        self._availability = Availability.of_feed(self.location)
        self._client = connect(location, RedisLimits(answer_seconds=None))
        self._timings = timings
        self._subscriber = RedisSubscriber(self._client, self._availability, self._channels, timings)
        self._sha: str | None = None
        self._failed_at = float("-inf")
        """When it last failed."""

    async def emit(self, events: Sequence[TaskEvent]) -> None:
        await self._try(self._write(events, publish="1"))

    async def watch(self, where: EventFilter) -> Subscription:
        try:
            return await self._subscriber.watch(where)
        except TimeoutError:
            raise self._availability.unavailable(self._subscriber.why or "it does not answer") from None

    async def latest(self, ids: Collection[str]) -> dict[str, TaskEvent]:
        try:
            return await self._try(self._look(list(ids)), self._timings.lookup, wrote=False) if ids else {}
        except FeedUnavailable:
            return {}

    async def remember(self, events: Sequence[TaskEvent]) -> None:
        try:
            await self._try(self._write(events, publish="0"), self._timings.lookup)
        except FeedUnavailable:
            return

    def answer(self, answer: Answer) -> None:
        """Who can ask Redis reads the keys."""

    async def ping(self) -> None:
        id = str(uuid4())
        event = TaskEvent("log", id, "ping", "ping", 0, State.RUNNING, 0, 0)
        await self._try(self._write([event._replace(kind="progress")], publish="0"))
        subscription = await self.watch(EventFilter(frozenset({id})))
        try:
            await self._try(self._publish(f"{self._channels}task:{id}", wire.encode(event)), wrote=False)
            if not await subscription.next(self._timings.answer):
                raise self._availability.unavailable("what is told does not come back")
        finally:
            subscription.close()

    async def close(self) -> None:
        await self._subscriber.close()
        await self._client.aclose(close_connection_pool=True)

    async def _try(self, work: Coroutine[Any, Any, T], at_most: float | None = None, *, wrote: bool = True) -> T:
        """`at_most`: seconds after which the answer is not waited for. `wrote`: whether success means that Redis can be
        written. Raises FeedUnavailable."""
        task = asyncio.ensure_future(self._timed(work, wrote))
        if at_most is not None:
            await asyncio.wait([task], timeout=at_most)
            if not task.done():
                task.add_done_callback(lambda done: done.cancelled() or done.exception())
                raise self._availability.unavailable("it is slow")
        return await task

    async def _timed(self, work: Coroutine[Any, Any, T], wrote: bool) -> T:
        loop = asyncio.get_running_loop()
        if loop.time() < self._failed_at + self._timings.pause:
            work.close()
            raise self._availability.unavailable("it did not answer a moment ago")
        try:
            async with asyncio.timeout(self._timings.answer):
                done = await work
        except FAILURES as error:
            self._failed_at = loop.time()
            if await leave_replica(error, self._client):
                await self._subscriber.leave()
            self._availability.away(reason(error))
            raise self._availability.unavailable(reason(error)) from None
        self._availability.back(wrote=wrote)
        return done

    async def _publish(self, channel: str, data: bytes) -> None:
        await self._client.publish(channel, data)

    async def _write(self, events: Sequence[TaskEvent], *, publish: str) -> None:
        left = iter(events)
        while batch := list(islice(left, BATCH)):
            keys = [f"taskmill:task:{event.id}" for event in batch]
            await self._run(keys, [publish, self._channels, str(self._timings.remembered), *_fields(batch)])

    async def _run(self, keys: list[str], values: list[str | bytes]) -> None:
        client: Any = self._client  # whose annotations mix up what is awaited
        try:
            if self._sha is not None:
                await client.evalsha(self._sha, len(keys), *keys, *values)
                return
        except NoScriptError:
            pass  # it was started anew
        self._sha = cast(str, await client.script_load(SCRIPT))
        await client.evalsha(self._sha, len(keys), *keys, *values)

    async def _look(self, ids: list[str]) -> dict[str, TaskEvent]:
        keys = [f"taskmill:task:{id}" for id in ids]
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.mget(keys)
            for key in keys:
                pipeline.ttl(key)
            values, *lives = await pipeline.execute()
        found = {id: self._known(value, life) for id, value, life in zip(ids, values, lives, strict=True)}
        return {id: event for id, event in found.items() if event is not None}

    def _known(self, value: bytes | None, life: int) -> TaskEvent | None:
        """`life`: seconds until the key goes."""
        if value is None:
            return None
        try:
            event = wire.decode(value[MARK:])
        except msgspec.DecodeError:
            return None
        fresh = life > self._timings.remembered - self._timings.believed
        return event if event.state in FINAL or fresh else None


def _fields(events: Sequence[TaskEvent]) -> Iterator[str | bytes]:
    for event in events:
        yield event.id
        yield event.queue
        yield "" if event.kind == "log" else f"{event.version:020d}{event.at:020d}"
        yield wire.encode(event)
