"""What this process hears from RabbitMQ: one queue for all who watch, bound to what they want, gone with its link."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any
from uuid import uuid4

import msgspec

from taskmill.core.errors import FeedUnavailable
from taskmill.core.locations import Location
from taskmill.feeds import wire
from taskmill.feeds.contract import EventFilter, Subscription
from taskmill.feeds.hub import Hub
from taskmill.feeds.rabbitmq.calls import Calls, resolve
from taskmill.feeds.rabbitmq.names import EXCHANGE
from taskmill.wires.amqp import Channel, Connection, Link, reason
from taskmill.wires.amqp_address import parameters
from taskmill.wires.availability import Availability

PATIENCE = 4.0
"""Seconds until something is heard."""
REST = 1.0
"""Seconds after RabbitMQ said no."""
BOUND = {"x-max-length": 10_000}
"""A process that does not read loses the oldest."""


class Binding:
    """What several watchers share."""

    def __init__(self, heard: "asyncio.Future[Any]") -> None:
        self.watchers = 0
        self.heard = heard
        """Done when RabbitMQ has said that it will tell."""


class Ears:
    def __init__(self, location: Location, availability: Availability) -> None:
        self._place = location.place
        self._availability = availability
        self._link = Link(parameters(location, "taskmill: hears"), availability, self._up, self._down)
        self._hub = Hub()
        self._calls = Calls()
        self._bindings: dict[str, Binding] = {}
        self._queue = f"taskmill.watch.{uuid4()}"
        self._channel: Channel | None = None
        self._was_down = False
        self._guests: list[Callable[[Connection], None]] = []

    def invite(self, guest: Callable[[Connection], None]) -> None:
        """It is called with each connection."""
        self._guests.append(guest)
        self._link.start()

    async def watch(self, where: EventFilter, patterns: Collection[str]) -> Subscription:
        """Raises FeedUnavailable."""
        self._link.start()
        if self._link.why is not None:
            raise self._availability.unavailable(self._link.why)
        watcher = self._hub.watch(where, lambda _: self._leave(patterns))
        for pattern in patterns:
            if pattern not in self._bindings:
                self._bindings[pattern] = Binding(self._calls.make())
                self._bind(pattern)
            self._bindings[pattern].watchers += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(asyncio.shield(self._bindings[pattern].heard) for pattern in patterns))
        except TimeoutError:
            watcher.close()
            raise self._availability.unavailable("it does not answer") from None
        except FeedUnavailable:
            watcher.close()
            raise
        return watcher

    async def close(self) -> None:
        self._hub.close()
        self._link.why = "closed"
        await self._link.close()
        self._calls.fail(self._availability.unavailable("closed"))

    def _leave(self, patterns: Collection[str]) -> None:
        for pattern in patterns:
            binding = self._bindings[pattern]
            binding.watchers -= 1
            if binding.watchers:
                continue
            del self._bindings[pattern]
            if self._channel is not None and self._channel.is_open:
                self._channel.queue_unbind(self._queue, EXCHANGE, pattern)

    def _bind(self, pattern: str) -> None:
        """Without a channel, nothing: what is wanted is said when there is one."""
        if self._channel is not None and self._channel.is_open:
            heard = resolve(self._bindings[pattern].heard)
            self._channel.queue_bind(self._queue, EXCHANGE, pattern, callback=heard)

    def _up(self, connection: Connection) -> None:
        self._open(connection)
        for guest in self._guests:
            guest(connection)

    def _down(self, why: str) -> None:
        self._channel, self._was_down = None, True
        self._calls.fail(self._availability.unavailable(why))

    def _open(self, connection: Connection) -> None:
        if connection.is_open:
            connection.channel(on_open_callback=self._begin)

    def _begin(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._closed)
        channel.exchange_declare(EXCHANGE, "topic", durable=True)
        channel.queue_declare(self._queue, exclusive=True, auto_delete=True, arguments=BOUND)
        for pattern in self._bindings:
            self._bind(pattern)
        channel.basic_consume(self._queue, self._hear, auto_ack=True, callback=self._begun)

    def _begun(self, _: object) -> None:
        if self._was_down:
            self._was_down = False
            self._hub.mark_lost()

    def _closed(self, channel: Channel, why: Exception) -> None:
        """By RabbitMQ, which does so to say no."""
        self._down(reason(why))
        if channel.connection.is_open:
            self._availability.away(reason(why))
            asyncio.get_running_loop().call_later(REST, self._open, channel.connection)

    def _hear(self, _channel: Channel, _method: Any, _properties: Any, body: bytes) -> None:
        try:
            event = wire.decode(body)
        except msgspec.DecodeError:  # somebody else's
            return
        self._hub.deliver([event])
