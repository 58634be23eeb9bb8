"""Channels to consume from and to publish on, which are opened again after a connection or a channel was lost."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from taskmill.core.locations import Location
from taskmill.wires.amqp import AMQP_TIMINGS, AmqpTimings, Channel, Connection, Link, parameters, reason
from taskmill.wires.availability import ALARM, Availability


class PendingReplies:
    """What RabbitMQ is to answer, as futures that fail when it can't any more."""

    def __init__(self, availability: Availability) -> None:
        self._availability = availability
        self._pending: set[asyncio.Future[Any]] = set()

    def new(self) -> "asyncio.Future[Any]":
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending.add(reply)
        reply.add_done_callback(self._pending.discard)
        return reply

    def fail(self, why: str) -> None:
        for reply in tuple(self._pending):
            if not reply.done():
                reply.set_exception(self._availability.unavailable(why))
                reply.exception()  # whoever gave up does not ask for it


def resolve(reply: "asyncio.Future[Any]") -> Callable[[Any], None]:
    """As a callback of pika."""

    def call(value: Any) -> None:
        if not reply.done():
            reply.set_result(value)

    return call


class AmqpChannel:
    """One channel, opened with each connection, and again after RabbitMQ closed it, which it does to say no.

    A consumer is a subclass whose `_set_up` declares a queue and consumes.
    """

    def __init__(self, availability: Availability, timings: AmqpTimings = AMQP_TIMINGS) -> None:
        self._availability = availability
        self._timings = timings
        self._channel: Channel | None = None
        """To be set by the subclass when the channel can be used."""

    def open_on(self, connection: Connection) -> None:
        if connection.is_open:
            connection.channel(on_open_callback=self._opened)

    def _opened(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._closed)
        self._set_up(channel)

    def _set_up(self, channel: Channel) -> None:
        """Makes a new channel fit for its use."""
        raise NotImplementedError

    def _closed(self, channel: Channel, why: Exception) -> None:
        self._dropped(reason(why))
        if channel.connection.is_open:
            self._refused(channel.connection, reason(why))

    def _dropped(self, why: str) -> None:
        """The channel is gone; called again when its connection is."""
        self._channel = None

    def _refused(self, connection: Connection, why: str) -> None:
        """RabbitMQ closed the channel alone."""
        self._availability.away(why)
        asyncio.get_running_loop().call_later(self._timings.reopen, self.open_on, connection)


class AmqpPublisher(AmqpChannel):
    """A channel to publish on. It has a connection of its own: RabbitMQ stops reading from one that publishes when its
    alarm is on, and then it would not read what consumers acknowledge. It connects with the first use."""

    def __init__(self, location: Location, name: str, availability: Availability, timings: AmqpTimings) -> None:
        super().__init__(availability, timings)
        self._link = Link(parameters(location, name, timings), availability, self._up, self._down, timings)
        self._replies = PendingReplies(availability)
        self._openers: list[asyncio.Future[Channel]] = []
        self._blocked = False

    async def close(self) -> None:
        await self._link.close()
        self._dropped("closed")

    async def _limited(self, work: Coroutine[Any, Any, None]) -> None:
        """Within the time for an answer; else the connection is given up. Raises the error of the availability."""
        self._link.start()
        try:
            async with asyncio.timeout(self._timings.answer):
                await work
        except TimeoutError:
            self._link.abort()
            raise self._availability.unavailable("it does not answer") from None

    async def _ready_channel(self) -> Channel:
        """Waits for the connection. Raises the error of the availability."""
        if self._blocked:
            raise self._availability.unavailable(ALARM)
        if self._channel is not None and self._channel.is_open:
            return self._channel
        if self._link.why is not None:
            raise self._availability.unavailable(self._link.why)
        opener = self._replies.new()
        self._openers.append(opener)
        return await opener

    def _ready(self, channel: Channel) -> None:
        """To be called by the subclass when the channel is set up."""
        self._channel = channel
        openers, self._openers = self._openers, []
        for opener in openers:
            resolve(opener)(channel)

    def _dropped(self, why: str) -> None:
        super()._dropped(why)
        self._replies.fail(why)

    def _up(self, connection: Connection) -> None:
        connection.add_on_connection_blocked_callback(self._block)
        connection.add_on_connection_unblocked_callback(self._unblock)
        self.open_on(connection)

    def _down(self, why: str) -> None:
        self._blocked = False
        self._dropped(why)

    def _block(self, *_: object) -> None:
        self._blocked = True
        self._availability.away(ALARM)
        self._replies.fail(ALARM)

    def _unblock(self, *_: object) -> None:
        self._blocked = False
        self._availability.back()
