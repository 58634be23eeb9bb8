"""Publishes events to RabbitMQ."""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import pika

from taskmill.core.locations import Location
from taskmill.feeds.rabbitmq.names import EXCHANGE
from taskmill.wires.amqp import AmqpTimings, Channel
from taskmill.wires.amqp_channels import AmqpPublisher, resolve
from taskmill.wires.availability import Availability

BATCH = 100
"""Messages until RabbitMQ is asked whether it has them, which bounds what is on the way."""


class EventMessage(NamedTuple):
    key: str
    kind: str
    body: bytes


class EventPublisher(AmqpPublisher):
    def __init__(self, location: Location, availability: Availability, timings: AmqpTimings) -> None:
        super().__init__(location, "taskmill: tells", availability, timings)

    async def publish(self, messages: Sequence[EventMessage]) -> None:
        """Returns when RabbitMQ has them. Raises FeedUnavailable."""
        await self._limited(self._publish(messages))

    async def _publish(self, messages: Sequence[EventMessage]) -> None:
        left = iter(messages)
        while batch := list(islice(left, BATCH)):
            channel = await self._ready_channel()
            for message in batch:
                properties = pika.BasicProperties(
                    content_type="application/json", type=message.kind, app_id="taskmill", delivery_mode=1
                )
                channel.basic_publish(EXCHANGE, message.key, message.body, properties)
            received = self._replies.new()
            channel.exchange_declare(EXCHANGE, passive=True, callback=resolve(received))
            await received

    def _set_up(self, channel: Channel) -> None:
        channel.exchange_declare(EXCHANGE, "topic", durable=True, callback=lambda _: self._ready(channel))
