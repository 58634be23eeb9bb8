"""What this process receives from RabbitMQ: one queue for all who watch, bound to what they watch, gone with its
connection."""

import asyncio
from collections.abc import Collection
from typing import Any
from uuid import uuid4

import msgspec

from taskmill.core.errors import FeedUnavailable
from taskmill.core.locations import Location
from taskmill.feeds import wire
from taskmill.feeds.contract import EventFilter, Subscription
from taskmill.feeds.hub import Hub
from taskmill.feeds.rabbitmq.names import EXCHANGE
from taskmill.wires.amqp import AmqpTimings, Channel, Connection, Link, parameters
from taskmill.wires.amqp_channels import AmqpChannel, PendingReplies, resolve
from taskmill.wires.availability import Availability

BOUND = {"x-max-length": 10_000}
"""A process that does not read loses the oldest."""


class Binding:
    """Of the queue to one pattern; several watchers may share it."""

    def __init__(self, bound: "asyncio.Future[Any]") -> None:
        self.watchers = 0
        self.bound = bound
        """Done when RabbitMQ has said that events will come."""


class RabbitSubscriber(AmqpChannel):
    def __init__(self, location: Location, availability: Availability, timings: AmqpTimings) -> None:
        super().__init__(availability, timings)
        self._link = Link(
            parameters(location, "taskmill: hears", timings), availability, self._up, self._dropped, timings
        )
        self._hub = Hub()
        self._replies = PendingReplies(availability)
        self._bindings: dict[str, Binding] = {}
        self._queue = f"taskmill.watch.{uuid4()}"
        self._gap = False
        """Whether events may have been missed since the last time that the queue was consumed."""
        self._others: list[AmqpChannel] = []

    def share(self, other: AmqpChannel) -> None:
        """Open it on the same connection, too."""
        self._others.append(other)
        self._link.start()
        if self._link.connection is not None:
            other.open_on(self._link.connection)

    async def watch(self, where: EventFilter, patterns: Collection[str]) -> Subscription:
        """Raises FeedUnavailable."""
        self._link.start()
        if self._link.why is not None:
            raise self._availability.unavailable(self._link.why)
        watcher = self._hub.watch(where, lambda _: self._leave(patterns))
        for pattern in patterns:
            if pattern not in self._bindings:
                self._bindings[pattern] = Binding(self._replies.new())
                self._bind(pattern)
            self._bindings[pattern].watchers += 1
        try:
            async with asyncio.timeout(self._timings.answer):
                await asyncio.gather(*(asyncio.shield(self._bindings[pattern].bound) for pattern in patterns))
        except TimeoutError:
            watcher.close()
            raise self._availability.unavailable("it does not answer") from None
        except FeedUnavailable:
            watcher.close()
            raise
        return watcher

    async def close(self) -> None:
        self._hub.close()
        await self._link.close()
        self._replies.fail("closed")

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
        """Without a channel, nothing: every pattern is bound when there is one."""
        if self._channel is not None and self._channel.is_open:
            bound = resolve(self._bindings[pattern].bound)
            self._channel.queue_bind(self._queue, EXCHANGE, pattern, callback=bound)

    def _up(self, connection: Connection) -> None:
        for channel in (self, *self._others):
            channel.open_on(connection)

    def _set_up(self, channel: Channel) -> None:
        self._channel = channel
        channel.exchange_declare(EXCHANGE, "topic", durable=True)
        channel.queue_declare(self._queue, exclusive=True, auto_delete=True, arguments=BOUND)
        for pattern in self._bindings:
            self._bind(pattern)
        channel.basic_consume(self._queue, self._receive, auto_ack=True, callback=self._consuming)

    def _consuming(self, _: object) -> None:
        if self._gap:
            self._gap = False
            self._hub.mark_lost()

    def _dropped(self, why: str) -> None:
        super()._dropped(why)
        self._gap = True
        self._replies.fail(why)

    def _receive(self, _channel: Channel, _method: Any, _properties: Any, body: bytes) -> None:
        try:
            event = wire.decode(body)
        except msgspec.DecodeError:  # somebody else's
            return
        self._hub.deliver([event])
