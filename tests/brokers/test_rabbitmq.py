"""What only RabbitMQ does."""

import asyncio

import pika
import pytest

from taskmill.brokers.packing import Lane, pack
from taskmill.brokers.rabbitmq.names import QUEUE, queue_name
from taskmill.core.errors import BrokerUnavailable
from taskmill.core.task import Ticket
from taskmill.testing.conformance.brokers.case import TicketWorker
from tests.brokers.conftest import Opened
from tests.brokers.faults import LONG, a_ticket, announced, arrives, closed, refused, works
from tests.servers import RabbitmqServer
from tests.servers.rabbitmq import Resource

NAME = queue_name(Lane("faults", 2))


@pytest.mark.slow
@pytest.mark.parametrize("resource", ["memory", "disk"])
async def test_an_alarm_refuses_soon_and_ends_by_itself(
    rabbitmq: RabbitmqServer, opened: Opened, resource: Resource, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(rabbitmq.url) as broker:
        worker, before = TicketWorker(broker, ["faults"], 10), a_ticket()
        await works(broker, worker)
        await broker.announce([before])
        rabbitmq.set_alarm(resource, True)
        await closed(broker)
        for _ in range(2):
            error = await refused(broker)
            assert "alarm" in str(error)
        await arrives(worker, before)  # what was there before is taken all the same
        rabbitmq.set_alarm(resource, False)
        await works(broker, worker)
        lines = [record.getMessage() for record in caplog.records]
        assert [line for line in lines if "alarm" in line] == lines[:1]
        assert lines[1:] == [f"the broker {broker.location} is back"]


@pytest.mark.slow
async def test_an_alarm_that_is_on_when_a_program_starts(rabbitmq: RabbitmqServer, opened: Opened) -> None:
    rabbitmq.set_alarm("disk", True)
    try:
        async with opened(rabbitmq.url) as broker:
            await refused(broker)
            rabbitmq.set_alarm("disk", False)
            await announced(broker, a_ticket())
    finally:
        rabbitmq.set_alarm("disk", False)


@pytest.mark.slow
async def test_a_queue_that_is_deleted_under_a_worker(amqp_url: str, opened: Opened) -> None:
    async with opened(amqp_url) as broker:
        worker = TicketWorker(broker, ["faults"], 10)
        await works(broker, worker)
        for _ in range(3):
            await asyncio.to_thread(delete, amqp_url)
            await works(broker, worker)


async def test_garbage_is_thrown_away_with_a_word(
    amqp_url: str, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(amqp_url) as broker:
        ticket = a_ticket()
        await broker.announce([ticket])
        await asyncio.to_thread(publish, amqp_url, b"\xff\x00 garbage")
        await asyncio.to_thread(publish, amqp_url, pack(["no id"]))
        worker, last = TicketWorker(broker, ["faults"], 10), a_ticket()
        await broker.announce([last])
        await arrives(worker, last)
    assert await asyncio.to_thread(left, amqp_url) == 0
    assert [record.getMessage()[:24] for record in caplog.records] == ["thrown away from queue '"] * 2


@pytest.mark.slow
async def test_a_queue_that_was_made_otherwise(amqp_url: str, opened: Opened) -> None:
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        connection.channel().queue_declare(NAME, durable=True)
    async with opened(amqp_url) as broker:
        worker, other = TicketWorker(broker, ["faults", "other"], 10), Ticket(a_ticket().id, "other", 2)
        error = await refused(broker)
        assert NAME in str(error)
        assert "delete it" in str(error.hint)
        await announced(broker, other)
        await arrives(worker, other)
        await asyncio.to_thread(delete, amqp_url)
        await works(broker, worker)


@pytest.mark.parametrize(
    ("change", "word", "hint"),
    [
        (("guest:guest", "guest:wr0ng"), "ACCESS_REFUSED|Authentication", "password"),
        (("/test-", "/missing-"), "vhost", "add_vhost"),
    ],
    ids=["password", "vhost"],
)
async def test_what_the_url_has_wrong(
    amqp_url: str, opened: Opened, change: tuple[str, str], word: str, hint: str
) -> None:
    async with opened(amqp_url.replace(*change)) as broker:
        with pytest.raises(BrokerUnavailable, match=word) as refusal:
            await broker.announce([a_ticket()])
        assert hint in str(refusal.value.hint)
        assert "wr0ng" not in f"{refusal.value}{refusal.value.hint}{broker.location}"


async def test_a_worker_keeps_up_with_messages_of_one_ticket(amqp_url: str, opened: Opened) -> None:
    """More of them than it expected may be on their way, although none is settled."""
    async with opened(amqp_url) as broker:
        worker, claiming = TicketWorker(broker, ["faults"], 40), list[str]()
        async with asyncio.timeout(LONG):
            for _ in range(40):
                await broker.announce([a_ticket()])
                claiming += await worker.claim(1)
        assert len(claiming) == 40


def delete(url: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        connection.channel().queue_delete(NAME)


def publish(url: str, body: bytes) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.queue_declare(NAME, durable=True, arguments=QUEUE)
        channel.basic_publish("", NAME, body)


def left(url: str) -> int:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        count: int = connection.channel().queue_declare(NAME, passive=True).method.message_count
        return count
