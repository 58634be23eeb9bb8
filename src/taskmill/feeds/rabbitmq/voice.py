"""Tells events to RabbitMQ, over a connection of its own: RabbitMQ stops reading from it when its alarm is on."""

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import pika

from taskmill.core.locations import Location
from taskmill.feeds.rabbitmq.calls import Calls, resolve
from taskmill.feeds.rabbitmq.names import EXCHANGE
from taskmill.wires.amqp import Channel, Connection, Link, reason
from taskmill.wires.amqp_address import parameters
from taskmill.wires.availability import ALARM, Availability

PATIENCE = 4.0
"""Seconds for what is told at once."""
BATCH = 100
"""Messages until RabbitMQ is asked whether it has them, which bounds what is on the way."""
REST = 1.0
"""Seconds after RabbitMQ said no."""


class Message(NamedTuple):
    key: str
    kind: str
    body: bytes


class Voice:
    """Connects with the first use."""

    def __init__(self, location: Location, availability: Availability) -> None:
        self._place = location.place
        self._availability = availability
        self._link = Link(parameters(location, "taskmill: tells"), availability, self._up, self._down)
        self._calls = Calls()
        self._channel: Channel | None = None
        self._openers: list[asyncio.Future[Channel]] = []
        self._blocked = False

    async def tell(self, messages: Sequence[Message]) -> None:
        """Returns when RabbitMQ has them. Raises FeedUnavailable."""
        self._link.start()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._tell(messages)
        except TimeoutError:
            self._link.abort()
            raise self._availability.unavailable("it does not answer") from None

    async def close(self) -> None:
        self._link.why = "closed"
        await self._link.close()
        self._down("closed")

    async def _tell(self, messages: Sequence[Message]) -> None:
        left = iter(messages)
        while batch := list(islice(left, BATCH)):
            channel = await self._opened()
            for message in batch:
                properties = pika.BasicProperties(
                    content_type="application/json", type=message.kind, app_id="taskmill", delivery_mode=1
                )
                channel.basic_publish(EXCHANGE, message.key, message.body, properties)
            there = self._calls.make()
            channel.exchange_declare(EXCHANGE, passive=True, callback=resolve(there))
            await there

    async def _opened(self) -> Channel:
        if self._blocked:
            raise self._availability.unavailable(ALARM)
        if self._channel is not None and self._channel.is_open:
            return self._channel
        if self._link.why is not None:
            raise self._availability.unavailable(self._link.why)
        opener = self._calls.make()
        self._openers.append(opener)
        return await opener

    def _up(self, connection: Connection) -> None:
        connection.add_on_connection_blocked_callback(self._block)
        connection.add_on_connection_unblocked_callback(self._unblock)
        self._open(connection)

    def _down(self, why: str) -> None:
        self._channel, self._blocked = None, False
        self._calls.fail(self._availability.unavailable(why))

    def _open(self, connection: Connection) -> None:
        if connection.is_open:
            connection.channel(on_open_callback=self._begin)

    def _begin(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._closed)
        channel.exchange_declare(EXCHANGE, "topic", durable=True, callback=lambda _: self._ready(channel))

    def _ready(self, channel: Channel) -> None:
        self._channel = channel
        openers, self._openers = self._openers, []
        for opener in openers:
            resolve(opener)(channel)

    def _closed(self, channel: Channel, why: Exception) -> None:
        """By RabbitMQ, which does so to say no."""
        self._down(reason(why))
        if channel.connection.is_open:
            self._availability.away(reason(why))
            asyncio.get_running_loop().call_later(REST, self._open, channel.connection)

    def _block(self, *_: object) -> None:
        self._blocked = True
        self._availability.away(ALARM)
        self._calls.fail(self._availability.unavailable(ALARM))

    def _unblock(self, *_: object) -> None:
        self._blocked = False
        self._availability.back()
