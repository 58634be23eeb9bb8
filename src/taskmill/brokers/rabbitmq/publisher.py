"""Publishes messages and waits until RabbitMQ has confirmed that it keeps them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, NamedTuple

import pika

from taskmill.brokers.packing import MOST, pack, parcels
from taskmill.brokers.rabbitmq.names import QUEUE, queue_name
from taskmill.core.locations import Location
from taskmill.core.task import Ticket
from taskmill.wires.amqp import Channel, Connection, Link, reason
from taskmill.wires.amqp_address import parameters
from taskmill.wires.availability import ALARM, Availability

PATIENCE = 4.0
"""Seconds for one announcement."""
FIRST_REST = 0.1
"""Seconds, doubled each time, after which what was not kept is sent again. Of a queue that was deleted, workers must
hear before there is another of that name: afterwards RabbitMQ does not tell them."""
KEPT = pika.BasicProperties(delivery_mode=2)


class Message(NamedTuple):
    queue: str
    body: bytes


class Flight:
    """Messages that were sent together."""

    def __init__(self, landed: "asyncio.Future[None]") -> None:
        self.landed = landed
        self.returned: list[Message] = []
        """There is no such queue, or it does not take them yet: it is being made, or elects a leader."""
        self.open = 0

    def confirmed(self, message: Message, *, kept: bool) -> None:
        self.open -= 1
        if not kept:
            self.returned.append(message)
        if not self.open and not self.landed.done():
            self.landed.set_result(None)


class Publisher:
    """Connects with the first announcement."""

    def __init__(self, location: Location, availability: Availability) -> None:
        self._place = location.place
        self._availability = availability
        self._link = Link(parameters(location, "taskmill: announces"), availability, self._up, self._down)
        self._channel: Channel | None = None
        self._blocked = False
        self._known: set[str] = set()
        """Queues that are there."""
        self._unrouted: set[str] = set()
        """Queues that turned out not to be there."""
        self._flights: dict[int, tuple[Flight, Message]] = {}
        """By delivery tag, in their order."""
        self._tag = 0
        self._waiting: set[asyncio.Future[Any]] = set()
        """Whatever RabbitMQ is to answer; fails when it can't any more."""
        self._openers: list[asyncio.Future[Channel]] = []

    async def publish(self, tickets: Sequence[Ticket], most: int = MOST) -> None:
        """At most `most` tickets to a message. Raises BrokerUnavailable."""
        await self._soon(self._deliver([Message(queue_name(line), pack(ids)) for line, ids in parcels(tickets, most)]))

    async def round_trip(self, queue: str, body: bytes) -> None:
        """Through a queue that is made for it and gone afterwards. Raises BrokerUnavailable."""
        await self._soon(self._there_and_back(queue, body))

    async def channel(self) -> Channel:
        """Waits for the connection. Raises BrokerUnavailable."""
        if self._blocked:
            raise self._availability.unavailable(ALARM)
        if self._channel is not None:
            return self._channel
        if self._link.why is not None:
            raise self._availability.unavailable(self._link.why)
        opener = self._answer()
        self._openers.append(opener)
        return await opener

    async def close(self) -> None:
        self._link.why = "closed"
        await self._link.close()
        self._fail("closed")

    async def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        self._link.start()
        try:
            async with asyncio.timeout(PATIENCE):
                await work
        except TimeoutError:
            self._link.abort()
            raise self._availability.unavailable("it does not answer") from None

    async def _there_and_back(self, queue: str, body: bytes) -> None:
        opened, declared, back = self._answer(), self._answer(), self._answer()
        (await self.channel()).connection.channel(on_open_callback=_resolve(opened))
        channel = await opened
        try:
            channel.queue_declare(queue, exclusive=True, auto_delete=True, callback=_resolve(declared))
            await declared
            channel.basic_consume(queue, lambda *message: _resolve(back)(message[3]), auto_ack=True)
            channel.basic_publish("", queue, body)
            await back
        finally:
            if channel.is_open:
                channel.close()

    async def _deliver(self, messages: list[Message]) -> None:
        rest = FIRST_REST
        while messages:
            channel = await self.channel()
            await self._declare(channel, {message.queue for message in messages} - self._known)
            flight = self._send(channel, messages)
            await flight.landed
            messages = flight.returned
            if messages:
                await asyncio.sleep(rest)
                rest *= 2

    async def _declare(self, channel: Channel, names: Iterable[str]) -> None:
        answers = []
        for name in names:
            answers.append(self._answer())
            channel.queue_declare(name, durable=True, arguments=QUEUE, callback=_resolve(answers[-1]))
        for answer in answers:
            name = (await answer).method.queue
            self._known.add(name)
            self._unrouted.discard(name)

    def _send(self, channel: Channel, messages: Sequence[Message]) -> Flight:
        flight = Flight(self._answer())
        flight.open = len(messages)
        for message in messages:
            self._tag += 1
            self._flights[self._tag] = flight, message
            channel.basic_publish("", message.queue, message.body, KEPT, mandatory=True)
        return flight

    def _answer(self) -> "asyncio.Future[Any]":
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.add(answer)
        answer.add_done_callback(self._waiting.discard)
        return answer

    def _fail(self, why: str) -> None:
        for answer in tuple(self._waiting):
            if not answer.done():
                answer.set_exception(self._availability.unavailable(why))
                answer.exception()  # whoever gave up does not ask for it

    def _up(self, connection: Connection) -> None:
        connection.add_on_connection_blocked_callback(self._block)
        connection.add_on_connection_unblocked_callback(self._unblock)
        self._open(connection)

    def _down(self, why: str) -> None:
        self._channel, self._blocked = None, False
        self._fail(why)

    def _block(self, *_: object) -> None:
        self._blocked = True
        self._availability.away(ALARM)
        self._fail(ALARM)

    def _unblock(self, *_: object) -> None:
        self._blocked = False
        self._availability.back()

    def _open(self, connection: Connection) -> None:
        connection.channel(on_open_callback=self._confirm)

    def _confirm(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._closed)
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(self._confirmed, callback=lambda _: self._ready(channel))

    def _ready(self, channel: Channel) -> None:
        self._known.clear()
        self._unrouted.clear()
        self._flights.clear()
        self._tag = 0
        self._channel = channel
        openers, self._openers = self._openers, []
        for opener in openers:
            if not opener.done():
                opener.set_result(channel)

    def _closed(self, channel: Channel, why: Exception) -> None:
        """By RabbitMQ, which does so to say no."""
        self._channel = None
        self._fail(reason(why))
        if channel.connection.is_open:
            self._open(channel.connection)

    def _returned(self, channel: Channel, method: Any, properties: object, body: bytes) -> None:
        self._known.discard(method.routing_key)
        self._unrouted.add(method.routing_key)

    def _confirmed(self, frame: Any) -> None:
        tag = frame.method.delivery_tag
        tags = [one for one in self._flights if one <= tag] if frame.method.multiple else [tag]
        for one in tags:
            flight, message = self._flights.pop(one)
            kept = isinstance(frame.method, pika.spec.Basic.Ack) and message.queue not in self._unrouted
            flight.confirmed(message, kept=kept)


def _resolve(answer: "asyncio.Future[Any]") -> Callable[[Any], None]:
    def resolve(value: Any) -> None:
        if not answer.done():
            answer.set_result(value)

    return resolve
