"""The broker's verbs, on RabbitMQ."""

import asyncio
from collections.abc import Collection, Sequence
from uuid import uuid4

from taskmill.brokers.packing import pack
from taskmill.brokers.rabbitmq.intake import RabbitIntake
from taskmill.brokers.rabbitmq.publisher import Publisher
from taskmill.core.task import Ticket
from taskmill.wires.amqp import locate_rabbitmq
from taskmill.wires.availability import Availability


class RabbitBroker:
    """Connects with the first use. Two connections: RabbitMQ stops reading from one that publishes when its alarm is
    on, and then it would not hear what workers acknowledge."""

    def __init__(self, url: str) -> None:
        """`amqp://user:password@host:5672/vhost`. Raises InvalidSettings."""
        self._location = locate_rabbitmq(url)
        self.place = self._location.place
        self._presence = Availability.of_broker(self.place)
        self._publisher = Publisher(self._location, self._presence)
        self._intakes: list[RabbitIntake] = []

    async def announce(self, tickets: Sequence[Ticket]) -> None:
        await self._publisher.publish(tickets)

    def intake(self, queues: Collection[str], capacity: int) -> RabbitIntake:
        intake = RabbitIntake(self._location, self._publisher, self._presence, queues, capacity)
        self._intakes.append(intake)
        return intake

    async def ping(self) -> None:
        await self._publisher.round_trip(f"taskmill-ping-{uuid4()}", pack([str(uuid4())]))

    async def close(self) -> None:
        await asyncio.gather(*(intake.close() for intake in self._intakes))
        await self._publisher.close()
