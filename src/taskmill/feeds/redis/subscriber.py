"""What this process receives of a live feed on Redis: one pub/sub connection for all who watch, which comes back by
itself.

It speaks the few words of pub/sub itself: redis-py's PubSub connects again by itself in whichever call finds the
connection lost. Watchers subscribe from tasks of their own, so several would, at once and beside the reader.
"""

import asyncio
import contextlib
import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec
from redis.asyncio import Redis

from taskmill.feeds import wire
from taskmill.feeds.contract import EventFilter, Subscription
from taskmill.feeds.hub import Hub
from taskmill.wires.availability import Availability
from taskmill.wires.redis import FAILURES, cancel_and_wait, reason


@dataclass(frozen=True, kw_only=True)
class RedisFeedTimings:
    """All in seconds."""

    answer: float = 4.0
    """For what is sent."""
    lookup: float = 0.25
    """For a look into the cache: beyond that the store is as fast."""
    pause: float = 1.0
    """Without a try after a failure."""
    connect: float = 4.0
    silence: float = 5.0
    """Then Redis is asked whether it is there; after as many more it is taken for gone."""
    first_retry: float = 0.1
    longest_retry: float = 2.0
    """Between attempts to connect; it doubles each time."""
    remembered: int = 120
    """That a key lives: so late may a stale event come and still not be believed."""
    believed: int = 15
    """That an unfinished state is taken for true: the event that followed may have been lost."""


REDIS_FEED_TIMINGS = RedisFeedTimings()


class Channel:
    """What several watchers share."""

    def __init__(self) -> None:
        self.watchers = 0
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when Redis has said that events will come."""


class RedisSubscriber:
    def __init__(self, client: Redis, availability: Availability, prefix: str, timings: RedisFeedTimings) -> None:
        self._client = client
        self._availability = availability
        self._prefix = prefix
        self._every = f"{prefix}queue:*"
        """The pattern of all queues."""
        self._timings = timings
        self._hubs = {"task": Hub(), "queue": Hub(), "all": Hub()}
        """By what was subscribed to: an event comes once through each kind of channel."""
        self._channels: dict[str, Channel] = {}
        self._connection: Any = None
        self._keeper: asyncio.Task[None] | None = None
        self.why: str | None = None
        """Why nothing is received; None before it is known."""

    async def watch(self, where: EventFilter) -> Subscription:
        """Raises TimeoutError: nothing can be received now."""
        kind, names = self._names(where)
        watcher = self._hubs[kind].watch(where, lambda _: self._leave(names))
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())
        new = [name for name in names if name not in self._channels]
        for name in names:
            self._channels.setdefault(name, Channel()).watchers += 1
        try:
            async with asyncio.timeout(0 if self.why else self._timings.answer):
                await self._send("SUBSCRIBE", new)
                await asyncio.gather(*(asyncio.shield(self._channels[name].subscribed) for name in names))
        except FAILURES as error:
            watcher.close()
            raise TimeoutError(str(error)) from error
        return watcher

    async def leave(self) -> None:
        """The server is no primary (any more): connect anew."""
        if self._connection is not None:
            with contextlib.suppress(*FAILURES):
                await self._connection.disconnect(nowait=True)

    async def close(self) -> None:
        for hub in self._hubs.values():
            hub.close()
        if self._keeper is not None:
            await cancel_and_wait(self._keeper)

    def _names(self, where: EventFilter) -> tuple[str, list[str]]:
        if where.ids is not None:
            return "task", [f"{self._prefix}task:{id}" for id in where.ids]
        if where.queues is not None:
            return "queue", [f"{self._prefix}queue:{queue}" for queue in where.queues]
        return "all", [self._every]

    def _leave(self, names: Collection[str]) -> None:
        for name in names:
            self._channels[name].watchers -= 1
        gone = [name for name in names if not self._channels[name].watchers]
        for name in gone:
            del self._channels[name]
        if gone and self._connection is not None:
            leaving = asyncio.ensure_future(self._send("UNSUBSCRIBE", gone))
            leaving.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _send(self, verb: str, names: Collection[str]) -> None:
        """Without a connection, nothing: every channel is subscribed to when there is one.

        redis-py would connect one that is cut off anew, in each of those who send at the same time.
        """
        plain = [name for name in names if name != self._every]
        if self._connection is not None and self._connection.is_connected and plain:
            await self._connection.send_command(verb, *plain)
        if self._connection is not None and self._connection.is_connected and self._every in names:
            await self._connection.send_command(f"P{verb}", self._every)

    async def _keep(self) -> None:
        pause = self._timings.first_retry
        while True:
            pool: Any = self._client.connection_pool
            connection = pool.make_connection()
            try:
                async with asyncio.timeout(self._timings.connect):
                    await connection.connect()
                pause = self._timings.first_retry
                await self._receive(connection)
            except FAILURES as error:
                self.why = reason(error)
                self._availability.away(self.why)
            finally:
                self._connection = None
                with contextlib.suppress(*FAILURES):
                    await connection.disconnect(nowait=True)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(self._timings.longest_retry, 2 * pause)

    async def _receive(self, connection: Any) -> None:
        """Until it is lost, which raises."""
        self._connection = connection
        await self._send("SUBSCRIBE", [f"{self._prefix}hello", *self._channels])
        silence = self._timings.silence
        while True:
            reply = await connection.read_response(disable_decoding=True, timeout=silence)
            if reply is None:
                if not connection.is_connected:
                    raise TimeoutError
                await connection.send_command("PING", check_health=False)
                reply = await connection.read_response(disable_decoding=True, timeout=silence)
            if reply is None:
                raise TimeoutError
            self._take(reply)

    def _take(self, reply: list[bytes]) -> None:
        kind, channel = reply[0], reply[1].decode()
        if kind in (b"message", b"pmessage"):
            hub = "all" if kind == b"pmessage" else channel.removeprefix(self._prefix).partition(":")[0]
            data = reply[-1]
            with contextlib.suppress(msgspec.DecodeError):  # somebody else's
                self._hubs[hub].deliver([wire.decode(data)] if hub == "task" else wire.decode_several(data))
        elif kind in (b"subscribe", b"psubscribe"):
            if channel.endswith(":hello"):
                self._begin()
            elif channel in self._channels and not self._channels[channel].subscribed.done():
                self._channels[channel].subscribed.set_result(None)

    def _begin(self) -> None:
        """Redis answers for the first time, or again."""
        self._availability.back(wrote=False)
        if self.why is not None:
            self.why = None
            for hub in self._hubs.values():
                hub.mark_lost()
