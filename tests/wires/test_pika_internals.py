"""What Taskmill uses of pika that is not public does what it is used for. A new pika that changes it fails here."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pika
import pytest
from pika.adapters.asyncio_connection import AsyncioConnection, _AsyncioIOServicesAdapter

from taskmill.wires.amqp import Link, locate_rabbitmq, parameters
from taskmill.wires.availability import Availability
from taskmill.wires.pika_internals import CoalescedWrites, abort
from tests.servers import Proxy

SEEN = "1.4."
"""The version of pika for which docs/decisions/0010-pika.md was looked at."""
SOON = 1.0


def test_this_pika_was_looked_at() -> None:
    assert pika.__version__.startswith(SEEN), "measure again, then change the version"


async def connected(url: str) -> tuple[Link, Any, "asyncio.Queue[str]"]:
    """A link, its connection, and why it is lost."""
    up: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    lost: asyncio.Queue[str] = asyncio.Queue()
    location = locate_rabbitmq(url)

    def ready(connection: Any) -> None:
        if not up.done():
            up.set_result(connection)

    link = Link(parameters(location, "test"), Availability.of_feed(location.shown), ready, lost.put_nowait)
    link.start()
    return link, await asyncio.wait_for(up, 20), lost


async def test_what_is_written_goes_out_without_asking_the_event_loop(
    amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, connection, _ = await connected(amqp_url)
    opened, answered = (asyncio.get_running_loop().create_future() for _ in range(2))
    connection.channel(on_open_callback=opened.set_result)
    channel = await opened
    asked: list[type] = []
    for kind in (CoalescedWrites, _AsyncioIOServicesAdapter):
        monkeypatch.setattr(kind, "set_writer", recorded(kind, asked))
    channel.exchange_declare("amq.topic", passive=True, callback=answered.set_result)
    await asyncio.wait_for(answered, 20)
    assert set(asked) == {CoalescedWrites}
    monkeypatch.undo()
    await link.close()


async def test_what_the_socket_does_not_take_at_once_goes_out_later(amqp_url: str) -> None:
    link, connection, _ = await connected(amqp_url)
    opened, last = (asyncio.get_running_loop().create_future() for _ in range(2))
    connection.channel(on_open_callback=opened.set_result)
    channel = await opened
    queue = f"large-{uuid4()}"
    channel.queue_declare(queue, exclusive=True)
    channel.basic_consume(queue, lambda *message: last.set_result(message[3]), auto_ack=True)
    large = bytes(20_000_000)
    channel.basic_publish("", queue, large)
    assert await asyncio.wait_for(last, 20) == large
    await link.close()


def recorded(kind: Any, calls: list[type]) -> Callable[..., None]:
    original = kind.set_writer

    def set_writer(self: object, *arguments: object) -> None:
        calls.append(kind)
        original(self, *arguments)

    return set_writer


async def test_a_connection_to_nobody_ends_at_once(amqp_url: str) -> None:
    with Proxy(amqp_url) as proxy:
        link, connection, lost = await connected(proxy.url)
        assert isinstance(connection, AsyncioConnection)
        proxy.half_open()
        abort(connection, TimeoutError("it does not answer"))
        assert await asyncio.wait_for(lost.get(), SOON) == "it does not answer"
        await link.close()
