"""The live feed's verbs, on Redis: events by pub/sub, and the latest state and progress of each task as a key.

Whoever watches a task by its id hears `taskmill:DB:task:ID`, else `taskmill:DB:queue:NAME` of each queue or of all: a
process hears only what somebody in it wants. Channels know no databases, so the number of ours is in their names.
"""

import asyncio
from collections.abc import Collection, Coroutine, Iterator, Sequence
from importlib.resources import files
from itertools import islice
from typing import Any, TypeVar, cast
from uuid import uuid4

import msgspec
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from taskmill.core.errors import FeedUnavailable, InvalidSettings
from taskmill.core.events import TaskEvent
from taskmill.core.locations import Location, locate
from taskmill.core.state import FINAL, State
from taskmill.feeds import wire
from taskmill.feeds.contract import Answer, EventFilter, Subscription
from taskmill.feeds.redis.ears import Ears
from taskmill.wires.presence import Presence

T = TypeVar("T")

PATIENCE = 4.0
"""Seconds for what is sent."""
GLANCE = 0.25
"""Seconds for a look into the cache: beyond that the store is as fast."""
REST = 1.0
"""Seconds without a try after a failure."""
KEPT = 120
"""Seconds that a key lives: so late may a stale event come and still not be believed."""
BELIEVED = 15
"""Seconds that an unfinished state is taken for true: the event that followed may have been lost."""
BATCH = 250
"""Events in one call of the script."""
MARK = 40
"""Digits before each event: version and time, to be compared as text."""
SCRIPT = files("taskmill.feeds.redis").joinpath("tell.lua").read_text(encoding="utf-8")


class RedisFeed:
    """Connects with the first use."""

    def __init__(self, url: str) -> None:
        """`redis://user:password@host:6379/0` or `rediss://…`. Raises InvalidSettings."""
        location = locate(url, 6379, tls=url.startswith("rediss:"))
        self.place = location.place
        self._channels = f"taskmill:{_database(location)}:"
        self._presence = Presence(f"the live feed {self.place}", "whoever watches hears of changes later")
        self._client = _client(location)
        self._ears = Ears(self._client, self._presence, self._channels)
        self._sha: str | None = None
        self._failed_at = float("-inf")
        """When it last failed."""

    async def emit(self, events: Sequence[TaskEvent]) -> None:
        await self._try(self._tell(events, "1"))

    async def watch(self, where: EventFilter) -> Subscription:
        try:
            return await self._ears.watch(where, PATIENCE)
        except TimeoutError:
            raise self._unavailable(self._ears.why or "it does not answer") from None

    async def latest(self, ids: Collection[str]) -> dict[str, TaskEvent]:
        try:
            return await self._try(self._look(list(ids)), GLANCE) if ids else {}
        except FeedUnavailable:
            return {}

    async def remember(self, events: Sequence[TaskEvent]) -> None:
        try:
            await self._try(self._tell(events, "0"), GLANCE)
        except FeedUnavailable:
            return

    def answer(self, answer: Answer) -> None:
        """Who can ask Redis reads the keys."""

    async def ping(self) -> None:
        id = str(uuid4())
        event = TaskEvent("log", id, "ping", "ping", 0, State.RUNNING, 0, 0)
        subscription = await self.watch(EventFilter(frozenset({id})))
        try:
            await self._try(self._publish(f"{self._channels}task:{id}", wire.encode(event)))
            if not await subscription.next(PATIENCE):
                raise self._unavailable("what is told does not come back")
        finally:
            subscription.close()

    async def close(self) -> None:
        await self._ears.close()
        await self._client.aclose(close_connection_pool=True)

    async def _try(self, work: Coroutine[Any, Any, T], glance: float | None = None) -> T:
        """`glance`: beyond so many seconds the answer is not waited for. Raises FeedUnavailable."""
        task = asyncio.ensure_future(self._timed(work))
        if glance is not None:
            await asyncio.wait([task], timeout=glance)
            if not task.done():
                task.add_done_callback(lambda done: done.cancelled() or done.exception())
                raise self._unavailable("it is slow")
        return await task

    async def _timed(self, work: Coroutine[Any, Any, T]) -> T:
        loop = asyncio.get_running_loop()
        if loop.time() < self._failed_at + REST:
            work.close()
            raise self._unavailable("it did not answer a moment ago")
        try:
            async with asyncio.timeout(PATIENCE):
                done = await work
        except (RedisError, OSError) as error:  # also TimeoutError
            self._failed_at = loop.time()
            self._presence.away(_reason(error))
            raise self._unavailable(_reason(error)) from None
        self._presence.back()
        return done

    async def _publish(self, channel: str, data: bytes) -> None:
        await self._client.publish(channel, data)

    async def _tell(self, events: Sequence[TaskEvent], publish: str) -> None:
        left = iter(events)
        while batch := list(islice(left, BATCH)):
            keys = [f"taskmill:task:{event.id}" for event in batch]
            await self._run(keys, [publish, self._channels, str(KEPT), *_fields(batch)])

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
        found = {id: _known(value, life) for id, value, life in zip(ids, values, lives, strict=True)}
        return {id: event for id, event in found.items() if event is not None}

    def _unavailable(self, why: str) -> FeedUnavailable:
        return FeedUnavailable(
            f"the live feed {self.place} cannot be reached: {why}",
            hint="is it running, and can this host reach it? Tasks run all the same",
        )


def _fields(events: Sequence[TaskEvent]) -> Iterator[str | bytes]:
    for event in events:
        yield event.id
        yield event.queue
        yield "" if event.kind == "log" else f"{event.version:020d}{event.at:020d}"
        yield wire.encode(event)


def _known(value: bytes | None, life: int) -> TaskEvent | None:
    if value is None:
        return None
    try:
        event = wire.decode(value[MARK:])
    except msgspec.DecodeError:
        return None
    return event if event.state in FINAL or life > KEPT - BELIEVED else None


def _client(location: Location) -> Redis:
    tls: dict[str, Any] = {}
    if location.tls is not None:
        location.tls_context()  # says what is wrong with a file
        verify = location.tls.get("verify", "yes") == "yes"
        tls = {
            "connection_class": _secure(),
            "ssl_ca_certs": location.tls.get("cafile"),
            "ssl_certfile": location.tls.get("certfile"),
            "ssl_keyfile": location.tls.get("keyfile"),
            "ssl_cert_reqs": "required" if verify else "none",
            "ssl_check_hostname": verify,
        }
    pool = BlockingConnectionPool(
        max_connections=8,
        timeout=PATIENCE,
        host=location.host,
        port=location.port,
        db=_database(location),
        username=location.user,
        password=location.password,
        socket_connect_timeout=PATIENCE,
        socket_keepalive=True,
        client_name="taskmill",
        socket_timeout=None,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        **tls,
    )
    return Redis(connection_pool=pool)


def _secure() -> Any:
    from redis.asyncio import SSLConnection

    return SSLConnection


def _database(location: Location) -> int:
    try:
        return int(location.path or 0)
    except ValueError:
        raise InvalidSettings(
            f"{location.path!r} is no database of Redis", hint="they are numbers: redis://host:6379/0"
        ) from None


def _reason(error: BaseException) -> str:
    return "it does not answer" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
