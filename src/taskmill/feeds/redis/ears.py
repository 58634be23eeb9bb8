"""What this process hears of a live feed on Redis: one subscription for all who watch, which comes back by itself."""

import asyncio
import contextlib
import random
from collections.abc import Collection
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from taskmill.feeds import wire
from taskmill.feeds.contract import EventFilter, Subscription
from taskmill.feeds.hub import Hub
from taskmill.wires.availability import Availability

BEAT = 5.0
"""Seconds of silence after which Redis is asked whether it is there; after as many more it is taken for gone."""
CONNECT = 4.0
FIRST_REST = 0.1
LONGEST_REST = 2.0
"""Seconds between attempts to connect."""


class Channel:
    """What several watchers share."""

    def __init__(self) -> None:
        self.watchers = 0
        self.heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when Redis has said that it will tell."""


class Ears:
    def __init__(self, client: Redis, availability: Availability, lead: str) -> None:
        self._client = client
        self._availability = availability
        self._lead = lead
        self._hubs = {"task": Hub(), "queue": Hub(), "all": Hub()}
        """By what was subscribed to: an event comes once through each kind of channel."""
        self._channels: dict[str, Channel] = {}
        self._connection: Any = None
        self._keeper: asyncio.Task[None] | None = None
        self.why: str | None = None
        """Why nothing is heard; None before it is known."""

    async def watch(self, where: EventFilter, patience: float) -> Subscription:
        """Raises TimeoutError: nothing can be heard now."""
        kind, names = self._names(where)
        watcher = self._hubs[kind].watch(where, lambda _: self._leave(names))
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())
        new = [name for name in names if name not in self._channels]
        for name in names:
            self._channels.setdefault(name, Channel()).watchers += 1
        try:
            async with asyncio.timeout(0 if self.why else patience):
                await self._send("SUBSCRIBE", new)
                await asyncio.gather(*(asyncio.shield(self._channels[name].heard) for name in names))
        except (RedisError, OSError) as error:  # also TimeoutError
            watcher.close()
            raise TimeoutError(str(error)) from error
        return watcher

    async def close(self) -> None:
        for hub in self._hubs.values():
            hub.close()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])

    def _names(self, where: EventFilter) -> tuple[str, list[str]]:
        if where.ids is not None:
            return "task", [f"{self._lead}task:{id}" for id in where.ids]
        if where.queues is not None:
            return "queue", [f"{self._lead}queue:{queue}" for queue in where.queues]
        return "all", [f"{self._lead}queue:*"]

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
        """Without a connection, nothing: what is wanted is said when there is one."""
        every = f"{self._lead}queue:*"
        plain = [name for name in names if name != every]
        if self._connection is not None and plain:
            await self._connection.send_command(verb, *plain)
        if self._connection is not None and every in names:
            await self._connection.send_command(f"P{verb}", every)

    async def _keep(self) -> None:
        rest = FIRST_REST
        while True:
            pool: Any = self._client.connection_pool
            connection = pool.make_connection()
            try:
                async with asyncio.timeout(CONNECT):
                    await connection.connect()
                rest = FIRST_REST
                await self._hear(connection)
            except (RedisError, OSError) as error:
                self.why = str(error) or "it does not answer"
                self._availability.away(self.why)
            finally:
                self._connection = None
                with contextlib.suppress(RedisError, OSError):
                    await connection.disconnect(nowait=True)
            await asyncio.sleep(rest * random.uniform(0.5, 1.0))
            rest = min(LONGEST_REST, 2 * rest)

    async def _hear(self, connection: Any) -> None:
        """Until it is lost, which raises."""
        self._connection = connection
        await connection.send_command("SUBSCRIBE", f"{self._lead}hello")
        await self._send("SUBSCRIBE", self._channels)
        reading: asyncio.Future[Any] = asyncio.ensure_future(connection.read_response(disable_decoding=True))
        try:
            while True:
                self._take(await self._reply(connection, reading))
                reading = asyncio.ensure_future(connection.read_response(disable_decoding=True))
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, RedisError, OSError):
                await reading

    async def _reply(self, connection: Any, reading: "asyncio.Future[Any]") -> list[bytes]:
        await asyncio.wait([reading], timeout=BEAT)
        if not reading.done():
            await connection.send_command("PING", check_health=False)
            await asyncio.wait([reading], timeout=BEAT)
        if not reading.done():
            raise TimeoutError("it does not answer")
        reply: list[bytes] = reading.result()
        return reply

    def _take(self, reply: list[bytes]) -> None:
        kind, channel = reply[0], reply[1].decode()
        if kind in (b"message", b"pmessage"):
            self._tell("all" if kind == b"pmessage" else channel.removeprefix(self._lead).partition(":")[0], reply[-1])
        elif kind in (b"subscribe", b"psubscribe"):
            if channel.endswith(":hello"):
                self._begin()
            elif channel in self._channels and not self._channels[channel].heard.done():
                self._channels[channel].heard.set_result(None)

    def _tell(self, kind: str, data: bytes) -> None:
        with contextlib.suppress(msgspec.DecodeError):  # somebody else's
            self._hubs[kind].deliver([wire.decode(data)] if kind == "task" else wire.decode_several(data))

    def _begin(self) -> None:
        """Heard of Redis for the first time, or again."""
        self._availability.back()
        if self.why is not None:
            self.why = None
            for hub in self._hubs.values():
                hub.mark_lost()
