"""Questions for the status of a task, over RabbitMQ: whoever has the service answers."""

import asyncio
from typing import Any

import pika

from taskmill.feeds.contract import Answer
from taskmill.feeds.rabbitmq.names import QUESTIONS
from taskmill.wires.amqp import Channel, Connection, reason
from taskmill.wires.availability import Availability

AT_ONCE = 50
REST = 1.0
"""Seconds after RabbitMQ said no."""
BOUND = {"x-message-ttl": 30_000, "x-max-length": 10_000}
"""Who asked does not wait longer, when nobody answers."""


class Questions:
    def __init__(self, answer: Answer, availability: Availability) -> None:
        self._answer = answer
        self._availability = availability
        self._working: set[asyncio.Task[None]] = set()

    def attend(self, connection: Connection) -> None:
        if connection.is_open:
            connection.channel(on_open_callback=self._begin)

    def _begin(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._closed)
        channel.basic_qos(prefetch_count=AT_ONCE)
        channel.queue_declare(QUESTIONS, durable=True, arguments=BOUND)
        channel.basic_consume(QUESTIONS, self._asked)

    def _asked(self, channel: Channel, method: Any, properties: Any, body: bytes) -> None:
        task = asyncio.create_task(self._reply(channel, method.delivery_tag, properties, body))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _reply(self, channel: Channel, tag: int, properties: Any, body: bytes) -> None:
        """Another server answers when this one ends before it has."""
        said = await self._answer(body) if properties.reply_to else b""
        if not channel.is_open:
            return
        if properties.reply_to:
            head = pika.BasicProperties(
                content_type="application/json", correlation_id=properties.correlation_id, app_id="taskmill"
            )
            channel.basic_publish("", properties.reply_to, said, head)
        channel.basic_ack(tag)

    def _closed(self, channel: Channel, why: Exception) -> None:
        if channel.connection.is_open:
            self._availability.away(reason(why))
            asyncio.get_running_loop().call_later(REST, self.attend, channel.connection)
