"""Publishes messages of tickets and waits until RabbitMQ has confirmed that it keeps them."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pika

from taskmill.brokers.packing import MOST, pack, parcels
from taskmill.brokers.rabbitmq.names import QUEUE, queue_name
from taskmill.core.locations import Location
from taskmill.core.task import Ticket
from taskmill.wires.amqp import AMQP_TIMINGS, AmqpTimings, Channel, Connection
from taskmill.wires.amqp_channels import AmqpPublisher, resolve
from taskmill.wires.availability import Availability

PERSISTENT = pika.BasicProperties(delivery_mode=2)


class OutgoingMessage(NamedTuple):
    queue: str
    body: bytes


@dataclass(slots=True)
class SentBatch:
    """Messages that were sent together."""

    confirmed: "asyncio.Future[Any]"
    """Done when RabbitMQ has said of each whether it keeps it."""
    unconfirmed: int
    returned: list[OutgoingMessage]
    """There is no such queue, or it does not take them yet: it is being made, or elects a leader."""

    def confirm(self, message: OutgoingMessage, *, kept: bool) -> None:
        self.unconfirmed -= 1
        if not kept:
            self.returned.append(message)
        if not self.unconfirmed and not self.confirmed.done():
            self.confirmed.set_result(None)


class TicketPublisher(AmqpPublisher):
    def __init__(self, location: Location, availability: Availability, timings: AmqpTimings = AMQP_TIMINGS) -> None:
        super().__init__(location, "taskmill: announces", availability, timings)
        self._known: set[str] = set()
        """Queues that are there."""
        self._unrouted: set[str] = set()
        """Queues that turned out not to be there."""
        self._batches: dict[int, tuple[SentBatch, OutgoingMessage]] = {}
        """By delivery tag, in their order."""
        self._tag = 0

    async def publish(self, tickets: Sequence[Ticket], most: int = MOST) -> None:
        """At most `most` tickets to a message. Raises BrokerUnavailable."""
        messages = [OutgoingMessage(queue_name(lane), pack(ids)) for lane, ids in parcels(tickets, most)]
        await self._limited(self._deliver(messages))

    async def round_trip(self, queue: str, body: bytes) -> None:
        """Through a queue that is made for it and gone afterwards. Raises BrokerUnavailable."""
        await self._limited(self._there_and_back(queue, body))

    async def _there_and_back(self, queue: str, body: bytes) -> None:
        opened, declared, back = self._replies.new(), self._replies.new(), self._replies.new()
        (await self._ready_channel()).connection.channel(on_open_callback=resolve(opened))
        channel = await opened
        try:
            channel.queue_declare(queue, exclusive=True, auto_delete=True, callback=resolve(declared))
            await declared
            channel.basic_consume(queue, lambda *message: resolve(back)(message[3]), auto_ack=True)
            channel.basic_publish("", queue, body)
            await back
        finally:
            if channel.is_open:
                channel.close()

    async def _deliver(self, messages: list[OutgoingMessage]) -> None:
        pause = self._timings.first_resend
        while messages:
            channel = await self._ready_channel()
            await self._declare(channel, {message.queue for message in messages} - self._known)
            batch = self._send(channel, messages)
            await batch.confirmed
            messages = batch.returned
            if messages:
                await asyncio.sleep(pause)
                pause *= 2

    async def _declare(self, channel: Channel, names: Iterable[str]) -> None:
        replies = []
        for name in names:
            replies.append(self._replies.new())
            channel.queue_declare(name, durable=True, arguments=QUEUE, callback=resolve(replies[-1]))
        for reply in replies:
            name = (await reply).method.queue
            self._known.add(name)
            self._unrouted.discard(name)

    def _send(self, channel: Channel, messages: Sequence[OutgoingMessage]) -> SentBatch:
        batch = SentBatch(self._replies.new(), len(messages), [])
        for message in messages:
            self._tag += 1
            self._batches[self._tag] = batch, message
            channel.basic_publish("", message.queue, message.body, PERSISTENT, mandatory=True)
        return batch

    def _set_up(self, channel: Channel) -> None:
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(self._confirmed, callback=lambda _: self._ready(channel))

    def _ready(self, channel: Channel) -> None:
        self._known.clear()
        self._unrouted.clear()
        self._batches.clear()
        self._tag = 0
        super()._ready(channel)

    def _refused(self, connection: Connection, why: str) -> None:
        """Mostly because of one queue, and whoever announced gets the reason: for the other queues it opens at once."""
        self.open_on(connection)

    def _returned(self, channel: Channel, method: Any, properties: object, body: bytes) -> None:
        self._known.discard(method.routing_key)
        self._unrouted.add(method.routing_key)

    def _confirmed(self, frame: Any) -> None:
        tag = frame.method.delivery_tag
        tags = [one for one in self._batches if one <= tag] if frame.method.multiple else [tag]
        for one in tags:
            batch, message = self._batches.pop(one)
            kept = isinstance(frame.method, pika.spec.Basic.Ack) and message.queue not in self._unrouted
            batch.confirm(message, kept=kept)
