"""A worker's messages from RabbitMQ: a channel with one consumer for each queue and priority that it serves.

RabbitMQ counts messages, but a worker wants so many tickets: how many messages may be here unsettled (the prefetch)
follows from how many tickets they had and were wanted of late. More would wait here while another worker is idle, or
has only lower ones left.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any

from taskmill.brokers.contract import OnLost, OnMessage
from taskmill.brokers.packing import Garbage, Lane, unpack
from taskmill.brokers.rabbitmq.names import QUEUE, queue_name
from taskmill.core.locations import Location
from taskmill.core.task import Priority
from taskmill.wires.amqp import Channel, Connection, Link, parameters
from taskmill.wires.amqp_channels import AmqpChannel
from taskmill.wires.availability import Availability

logger = logging.getLogger(__name__)

MOST_MESSAGES, MOST_TICKETS = 250, 250
"""Unsettled, of one lane. The tickets are as many as are expected in them."""
PREFETCH_FACTOR = 2
"""RabbitMQ may deliver so many times the tickets that were wanted of late."""
WANTED_DECAY = 0.9
"""When fewer tickets are wanted, the estimate of what is wanted falls to this share of itself each time."""
FIRST_GUESS = 10.0
"""Tickets to a message, before any came."""
WEIGHT = 0.1
"""Of the latest message in their average."""


class RabbitMessage:
    """A channel that is closed has given it back already."""

    __slots__ = ("_channel", "_tag", "_unsettled", "ids", "priority", "queue")

    def __init__(self, lane: Lane, ids: list[str], channel: Channel, tag: int, unsettled: "set[RabbitMessage]") -> None:
        self.queue, self.priority = lane
        self.ids: Sequence[str] = ids
        self._channel = channel
        self._tag = tag
        self._unsettled = unsettled
        unsettled.add(self)

    def ack(self) -> None:
        self._unsettled.discard(self)
        if self._channel.is_open:
            self._channel.basic_ack(self._tag)

    def nack(self) -> None:
        self._unsettled.discard(self)
        if self._channel.is_open:
            self._channel.basic_nack(self._tag)


class RabbitConsumer:
    def __init__(
        self,
        location: Location,
        availability: Availability,
        queues: Collection[str],
        on_message: OnMessage,
        on_lost: OnLost,
    ) -> None:
        self._availability = availability
        self._on_message = on_message
        self._on_lost = on_lost
        self._link = Link(parameters(location, "taskmill: takes"), availability, self._up, self._down)
        self._connection: Connection = None
        self._lanes: dict[Lane, LaneChannel] = {}
        self._served: Collection[str] = ()
        self._prefetch = 0
        self._wanted = 0.0
        """Tickets, of late."""
        self._tickets_per_message = FIRST_GUESS
        self._unsettled: set[RabbitMessage] = set()
        self.serve(queues)
        self._link.start()

    def serve(self, queues: Collection[str]) -> None:
        self._served = frozenset(queues)
        for lane in (Lane(queue, priority) for queue in queues for priority in Priority):
            if lane not in self._lanes:
                self._lanes[lane] = LaneChannel(lane, self._availability, self._deliver)
                if self._connection is not None:
                    self._lanes[lane].open_on(self._connection)
        self._consume(self._prefetch)

    def want(self, tickets: int) -> None:
        if not tickets:
            self._consume(0)
            return
        self._wanted = max(tickets, WANTED_DECAY * self._wanted)
        expected = int(min(MOST_TICKETS, PREFETCH_FACTOR * self._wanted) / self._tickets_per_message)
        prefetch = max(1, min(MOST_MESSAGES, expected))
        if len(self._unsettled) >= self._prefetch:  # they have fewer tickets than was expected
            prefetch = max(prefetch, min(MOST_MESSAGES, 2 * len(self._unsettled)))
        if prefetch >= 2 * self._prefetch or 4 * prefetch <= self._prefetch:  # to change it costs two round trips
            self._consume(prefetch)

    async def close(self) -> None:
        """RabbitMQ gives to others what is not settled when the connection ends."""
        await self._link.close()

    def _consume(self, prefetch: int) -> None:
        self._prefetch = prefetch
        for lane, channel in self._lanes.items():
            channel.consume(prefetch if lane.queue in self._served else 0)

    def _deliver(self, lane: Lane, channel: Channel, tag: int, body: bytes) -> None:
        try:
            ids = unpack(body)
        except Garbage as error:
            logger.warning("thrown away from queue %r at the broker: %s", lane.queue, error)
            channel.basic_ack(tag)
            return
        self._tickets_per_message += WEIGHT * (len(ids) - self._tickets_per_message)
        self._on_message(RabbitMessage(lane, ids, channel, tag, self._unsettled))

    def _up(self, connection: Connection) -> None:
        self._connection = connection
        for channel in self._lanes.values():
            channel.open_on(connection)

    def _down(self, why: str) -> None:
        self._connection = None
        for channel in self._lanes.values():
            channel.disconnect()
        self._unsettled.clear()
        self._on_lost()


class LaneChannel(AmqpChannel):
    """To one queue at RabbitMQ, which has the messages of one lane."""

    def __init__(
        self, lane: Lane, availability: Availability, on_delivery: Callable[[Lane, Channel, int, bytes], None]
    ) -> None:
        super().__init__(availability)
        self._lane = lane
        self._name = queue_name(lane)
        self._on_delivery = on_delivery
        self._consumer: str | None = None
        self._prefetch = 0

    def consume(self, prefetch: int) -> None:
        """`prefetch`: how many messages may be here unsettled; 0 ends it."""
        if prefetch == self._prefetch:
            return
        self._prefetch = prefetch
        if self._channel is None or not self._channel.is_open:
            return
        if self._consumer is not None:
            self._channel.basic_cancel(self._consumer, callback=_ignore)
            self._consumer = None
        self._begin()

    def disconnect(self) -> None:
        self._channel = self._consumer = None

    def _set_up(self, channel: Channel) -> None:
        channel.add_on_cancel_callback(lambda _: self._queue_deleted(channel))
        self._declare(channel)

    def _declare(self, channel: Channel) -> None:
        if channel.is_open:
            channel.queue_declare(self._name, durable=True, arguments=QUEUE, callback=lambda _: self._declared(channel))

    def _declared(self, channel: Channel) -> None:
        if channel.is_open:
            self._availability.back()
            self._channel = channel
            self._begin()

    def _begin(self) -> None:
        if self._channel is not None and self._prefetch:
            self._channel.basic_qos(prefetch_count=self._prefetch, callback=_ignore)
            self._consumer = self._channel.basic_consume(self._name, self._delivered)

    def _delivered(self, channel: Channel, method: Any, properties: object, body: bytes) -> None:
        self._on_delivery(self._lane, channel, method.delivery_tag, body)

    def _queue_deleted(self, channel: Channel) -> None:
        """RabbitMQ says so before it is wholly gone, so it is not made again at once."""
        self.disconnect()
        asyncio.get_running_loop().call_later(self._timings.reopen, self._declare, channel)

    def _dropped(self, why: str) -> None:
        self.disconnect()


def _ignore(_: object) -> None:
    """An answer that says nothing."""
