"""The broker's verbs, on streams."""

import asyncio
import time
from collections.abc import Collection, Sequence
from uuid import uuid4

from taskmill.brokers.contract import OnLost, OnMessage
from taskmill.brokers.packing import MOST, pack, parcels
from taskmill.brokers.redis.consumer import RedisConsumer, RedisTimings
from taskmill.brokers.redis.messages import FIELD, GROUP, add_entry, key_of
from taskmill.core.errors import BrokerUnavailable
from taskmill.core.task import Ticket
from taskmill.wires.availability import Availability
from taskmill.wires.redis import FAILURES, connect, leave_replica, locate_redis, reason

ANNOUNCE_TIMEOUT = 4.0
"""Seconds for one announcement."""
DEFAULTS = RedisTimings()


class RedisBroker:
    """Connects with the first use."""

    def __init__(self, url: str, timings: RedisTimings = DEFAULTS) -> None:
        """`redis://user:password@host:6379/0`. Raises InvalidSettings."""
        self._location = locate_redis(url)
        self.location = self._location.shown
        self._timings = timings
        self._availability = Availability.of_broker(self.location)
        self._client = connect(self._location)
        self._clients = {self._client}
        """With those of the consumers: what one hears of a replica goes for all."""
        self._consumers: list[RedisConsumer] = []
        self._closed = False

    async def announce(self, tickets: Sequence[Ticket], per_message: int = MOST) -> None:
        if self._closed:
            raise BrokerUnavailable("this broker is closed")
        if not tickets:
            return
        began = time.monotonic()
        try:
            async with asyncio.timeout(ANNOUNCE_TIMEOUT):
                await self._add([(key_of(lane), pack(ids)) for lane, ids in parcels(tickets, per_message)])
        except FAILURES as error:
            await leave_replica(error, *self._clients)
            self._availability.away(reason(error), began)
            raise self._availability.unavailable(reason(error)) from None
        self._availability.back()

    def consume(self, queues: Collection[str], on_message: OnMessage, on_lost: OnLost) -> RedisConsumer:
        """`on_lost` is never called: a lost connection does not give back what it delivered."""
        consumer = RedisConsumer(self._location, self._availability, queues, on_message, self._timings, self._clients)
        self._consumers.append(consumer)
        return consumer

    async def ping(self) -> None:
        key, body = f"taskmill:ping:{uuid4()}", pack([str(uuid4())])
        commands = self._client.pipeline(transaction=True)
        commands.xadd(key, {FIELD: body})
        commands.xgroup_create(key, GROUP, "0")
        commands.xreadgroup(GROUP, "ping", {key: ">"})
        commands.delete(key)
        try:
            async with asyncio.timeout(ANNOUNCE_TIMEOUT):
                answers = await commands.execute()
        except FAILURES as error:
            raise self._availability.unavailable(reason(error)) from None
        if answers[2][0][1][0][1] != {FIELD.encode(): body}:
            raise BrokerUnavailable(f"the broker {self.location} did not give back what it was given")

    async def close(self) -> None:
        self._closed = True
        await asyncio.gather(*(consumer.close() for consumer in self._consumers))
        await self._client.aclose()

    async def _add(self, entries: Sequence[tuple[str, bytes]]) -> None:
        if len(entries) == 1:  # a pipeline of one costs half as much again
            await add_entry(self._client, *entries[0])
            return
        commands = self._client.pipeline(transaction=False)
        for key, body in entries:
            add_entry(commands, key, body)
        await commands.execute()
