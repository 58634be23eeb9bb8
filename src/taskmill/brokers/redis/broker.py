"""The broker's verbs, on streams."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any
from uuid import uuid4

from taskmill.brokers.packing import pack, parcels
from taskmill.brokers.redis.intake import RedisIntake
from taskmill.brokers.redis.streams import FIELD, GROUP, LENGTH, key_of
from taskmill.core.errors import BrokerUnavailable
from taskmill.core.task import Ticket
from taskmill.wires.availability import Availability
from taskmill.wires.redis import FAILURES, connect, locate_redis, reason

PATIENCE = 4.0
"""Seconds for one announcement."""


class RedisBroker:
    """Connects with the first use."""

    def __init__(self, url: str) -> None:
        """`redis://user:password@host:6379/0`. Raises InvalidSettings."""
        self._location = locate_redis(url)
        self.place = self._location.place
        self._presence = Availability.of_broker(self.place)
        self._client = connect(self._location)
        self._intakes: list[RedisIntake] = []
        self._closed = False

    async def announce(self, tickets: Sequence[Ticket]) -> None:
        if self._closed:
            raise BrokerUnavailable("this broker is closed")
        if not tickets:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._add([(key_of(line), pack(ids)) for line, ids in parcels(tickets)])
        except FAILURES as error:
            self._presence.away(reason(error))
            raise self._presence.unavailable(reason(error)) from None
        self._presence.back()

    def intake(self, queues: Collection[str], capacity: int) -> RedisIntake:
        intake = RedisIntake(self._location, self._presence, queues, capacity)
        self._intakes.append(intake)
        return intake

    async def ping(self) -> None:
        key, body = f"taskmill:ping:{uuid4()}", pack([str(uuid4())])
        commands = self._client.pipeline(transaction=True)
        commands.xadd(key, {FIELD: body})
        commands.xgroup_create(key, GROUP, "0")
        commands.xreadgroup(GROUP, "ping", {key: ">"})
        commands.delete(key)
        try:
            async with asyncio.timeout(PATIENCE):
                answers = await commands.execute()
        except FAILURES as error:
            raise self._presence.unavailable(reason(error)) from None
        if answers[2][0][1][0][1] != {FIELD.encode(): body}:
            raise BrokerUnavailable(f"the broker {self.place} did not give back what it was given")

    async def _add(self, entries: Sequence[tuple[str, bytes]]) -> None:
        if len(entries) == 1:  # a pipeline of one costs half as much again
            await _entry(self._client, *entries[0])
            return
        commands = self._client.pipeline(transaction=False)
        for key, body in entries:
            _entry(commands, key, body)
        await commands.execute()

    async def close(self) -> None:
        self._closed = True
        await asyncio.gather(*(intake.close() for intake in self._intakes))
        await self._client.aclose()


def _entry(client: Any, key: str, body: bytes) -> Any:
    return client.xadd(key, {FIELD: body}, maxlen=LENGTH, approximate=True)
