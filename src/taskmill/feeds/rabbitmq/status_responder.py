"""Answers questions for the status of a task, over RabbitMQ. Any process that has the service may; one of them does."""

import asyncio
from typing import Any

import pika

from taskmill.feeds.contract import Answer
from taskmill.feeds.rabbitmq.names import QUESTIONS
from taskmill.wires.amqp import AmqpTimings, Channel
from taskmill.wires.amqp_channels import AmqpChannel
from taskmill.wires.availability import Availability

AT_ONCE = 50
BOUND = {"x-message-ttl": 30_000, "x-max-length": 10_000}
"""Who asked does not wait longer, when nobody answers."""


class StatusResponder(AmqpChannel):
    def __init__(self, answer: Answer, availability: Availability, timings: AmqpTimings) -> None:
        super().__init__(availability, timings)
        self._answer = answer
        self._working: set[asyncio.Task[None]] = set()

    def _set_up(self, channel: Channel) -> None:
        channel.basic_qos(prefetch_count=AT_ONCE)
        channel.queue_declare(QUESTIONS, durable=True, arguments=BOUND)
        channel.basic_consume(QUESTIONS, self._asked)

    def _asked(self, channel: Channel, method: Any, properties: Any, body: bytes) -> None:
        task = asyncio.create_task(self._reply(channel, method.delivery_tag, properties, body))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _reply(self, channel: Channel, tag: int, properties: Any, body: bytes) -> None:
        """The question is acknowledged last: another server answers it when this one ends before."""
        said = await self._answer(body) if properties.reply_to else b""
        if not channel.is_open:
            return
        if properties.reply_to:
            head = pika.BasicProperties(
                content_type="application/json", correlation_id=properties.correlation_id, app_id="taskmill"
            )
            channel.basic_publish("", properties.reply_to, said, head)
        channel.basic_ack(tag)
