"""One line's queue at RabbitMQ, as a worker drinks from it: a channel with one consumer, which can be turned off."""

import asyncio
from collections.abc import Callable
from typing import Any

from taskmill.brokers.packing import Line
from taskmill.brokers.rabbitmq.names import QUEUE, queue_name
from taskmill.wires.amqp import Channel, Connection, reason
from taskmill.wires.availability import Availability

REST = 1.0
"""Seconds after RabbitMQ said no, or the queue was deleted."""


class Handle:
    """Ends a message that came. A channel that is closed has given it back already."""

    __slots__ = ("_channel", "_tag", "again")

    def __init__(self, channel: Channel, tag: int) -> None:
        self._channel = channel
        self._tag = tag
        self.again = False
        """Whether it is to be delivered again."""

    def end(self) -> None:
        if not self._channel.is_open:
            return
        if self.again:
            self._channel.basic_nack(self._tag)
        else:
            self._channel.basic_ack(self._tag)


class Tap:
    def __init__(self, line: Line, presence: Availability, poured: Callable[[Line, Handle, bytes], None]) -> None:
        self._line = line
        self._name = queue_name(line)
        self._presence = presence
        self._poured = poured
        self._channel: Channel | None = None
        """Where the queue is known to be there."""
        self._consumer: str | None = None
        self._flow = 0

    def connect(self, connection: Connection) -> None:
        if connection.is_open:
            connection.channel(on_open_callback=self._begin)

    def disconnect(self) -> None:
        self._channel = self._consumer = None

    def turn(self, flow: int) -> None:
        """`flow`: how many messages may be here unsettled; 0 turns it off."""
        if flow == self._flow:
            return
        self._flow = flow
        if self._channel is None or not self._channel.is_open:
            return
        if self._consumer is not None:
            self._channel.basic_cancel(self._consumer, callback=_ignore)
            self._consumer = None
        self._consume()

    def _begin(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._refused)
        channel.add_on_cancel_callback(lambda _: self._queue_deleted(channel))
        self._declare(channel)

    def _declare(self, channel: Channel) -> None:
        if not channel.is_open:
            return
        channel.queue_declare(self._name, durable=True, arguments=QUEUE, callback=lambda _: self._open(channel))

    def _open(self, channel: Channel) -> None:
        if channel.is_open:
            self._presence.back()
            self._channel = channel
            self._consume()

    def _consume(self) -> None:
        if self._channel is not None and self._flow:
            self._channel.basic_qos(prefetch_count=self._flow, callback=_ignore)
            self._consumer = self._channel.basic_consume(self._name, self._deliver)

    def _deliver(self, channel: Channel, method: Any, properties: object, body: bytes) -> None:
        self._poured(self._line, Handle(channel, method.delivery_tag), body)

    def _queue_deleted(self, channel: Channel) -> None:
        """RabbitMQ says so before it is wholly gone, so it is not made again at once."""
        self.disconnect()
        asyncio.get_running_loop().call_later(REST, self._declare, channel)

    def _refused(self, channel: Channel, why: Exception) -> None:
        """By RabbitMQ, which closes the channel to say no; or the connection is lost, and a new one will come."""
        self.disconnect()
        if channel.connection.is_open:
            self._presence.away(reason(why))
            asyncio.get_running_loop().call_later(REST, self.connect, channel.connection)


def _ignore(_: object) -> None:
    """An answer that says nothing."""
