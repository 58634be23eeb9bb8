"""What programs in other languages see: routing keys, JSON, questions and answers. Through a plain client."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pika
import pytest

from taskmill.core.state import State
from taskmill.feeds.rabbitmq import RabbitFeed
from taskmill.feeds.rabbitmq.names import EXCHANGE, QUESTIONS, key, word
from taskmill.testing.conformance.feeds import an_event, progressed

LONG = 10


@pytest.fixture
async def feed(amqp_url: str) -> AsyncIterator[RabbitFeed]:
    yield (feed := RabbitFeed(amqp_url))
    await feed.close()


def ask(url: str, question: bytes, *, direct: bool) -> tuple[Any, str, str]:
    """As the documentation says: the answer, its correlation id and its type."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        reply_to = "amq.rabbitmq.reply-to" if direct else channel.queue_declare("", exclusive=True).method.queue
        answers = channel.consume(reply_to, auto_ack=True, inactivity_timeout=LONG)
        next(channel.consume(reply_to, auto_ack=True, inactivity_timeout=0.01))
        head = pika.BasicProperties(reply_to=reply_to, correlation_id="mine")
        channel.basic_publish("", QUESTIONS, question, head)
        _, properties, body = next(answers)
        channel.cancel()
        return json.loads(body), properties.correlation_id, properties.content_type


@pytest.mark.parametrize("direct", [False, True], ids=["queue", "direct reply-to"])
async def test_a_question_is_answered(feed: RabbitFeed, amqp_url: str, direct: bool) -> None:
    asked: list[bytes] = []

    async def answer(question: bytes) -> bytes:
        asked.append(question)
        return b'{"state":"running"}'

    feed.answer(answer)
    await feed.ping()
    said = await asyncio.to_thread(ask, amqp_url, b'{"id":"x"}', direct=direct)
    assert said == ({"state": "running"}, "mine", "application/json")
    assert asked == [b'{"id":"x"}']


async def test_a_question_is_answered_by_who_began_when_the_connection_was_there(
    feed: RabbitFeed, amqp_url: str
) -> None:
    async def answer(question: bytes) -> bytes:
        return question

    await feed.ping()
    feed.answer(answer)
    await feed.ping()
    said = await asyncio.to_thread(ask, amqp_url, b'{"id":"x"}', direct=True)
    assert said[0] == {"id": "x"}


def bound(url: str, pattern: str) -> "tuple[pika.BlockingConnection, Any, str]":
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.exchange_declare(EXCHANGE, "topic", durable=True)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, EXCHANGE, pattern)
    return connection, channel, queue


async def test_events_are_bound_by_kind_queue_type_and_id(feed: RabbitFeed, amqp_url: str) -> None:
    state = an_event(State.RUNNING, queue="mail.out", task_type="send")
    progress = progressed(state, 0.5, 1)
    for pattern, wanted in (
        ("progress.#", [progress]),
        ("*.mail%2Eout.*.*", [state, progress]),
        ("state.*.send.*", [state]),
        (f"#.{state.id}", [state, progress]),
        ("*.mail.*.*", []),
    ):
        connection, channel, queue = await asyncio.to_thread(bound, amqp_url, pattern)
        await feed.emit([state, progress, an_event(task_type="other", kind="log")])
        found = []
        while (message := channel.basic_get(queue, auto_ack=True))[0] is not None:
            method, properties, body = message
            assert (properties.content_type, properties.app_id) == ("application/json", "taskmill")
            found.append((method.routing_key, json.loads(body)["state"], properties.type))
        assert found == [(key(event), "running", event.kind) for event in wanted]
        connection.close()


def test_keys_are_short_enough_and_distinct() -> None:
    long = ["漢" * 128, "漢" * 127 + "字", "q" * 128, "." * 128, "%2E" * 42]
    words = [word(name) for name in long]
    assert len(set(words)) == len(words)
    for name in long:
        event = an_event(kind="progress", queue=name, task_type=name, id=str(uuid4()))
        assert len(key(event).encode()) <= 255
        assert key(event).count(".") == 3
