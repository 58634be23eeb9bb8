"""The broker's verbs, on RabbitMQ."""

import asyncio
from collections.abc import Collection, Sequence
from uuid import uuid4

from taskmill.brokers.contract import OnLost, OnMessage
from taskmill.brokers.packing import MOST, pack
from taskmill.brokers.rabbitmq.consumer import RabbitConsumer
from taskmill.brokers.rabbitmq.publisher import TicketPublisher
from taskmill.core.task import Ticket
from taskmill.wires.amqp import locate_rabbitmq
from taskmill.wires.availability import Availability


class RabbitBroker:
    """Connects with the first use. Two connections: RabbitMQ stops reading from one that publishes when its alarm is
    on, and then it would not hear what workers acknowledge."""

    def __init__(self, url: str) -> None:
        """`amqp://user:password@host:5672/vhost`. Raises InvalidSettings."""
        self._location = locate_rabbitmq(url)
        self.location = self._location.shown
        self._availability = Availability.of_broker(self.location)
        self._publisher = TicketPublisher(self._location, self._availability)
        self._consumers: list[RabbitConsumer] = []

    async def announce(self, tickets: Sequence[Ticket], per_message: int = MOST) -> None:
        await self._publisher.publish(tickets, per_message)

    def consume(self, queues: Collection[str], on_message: OnMessage, on_lost: OnLost) -> RabbitConsumer:
        consumer = RabbitConsumer(self._location, self._availability, queues, on_message, on_lost)
        self._consumers.append(consumer)
        return consumer

    async def ping(self) -> None:
        await self._publisher.round_trip(f"taskmill-ping-{uuid4()}", pack([str(uuid4())]))

    async def close(self) -> None:
        await asyncio.gather(*(consumer.close() for consumer in self._consumers))
        await self._publisher.close()
