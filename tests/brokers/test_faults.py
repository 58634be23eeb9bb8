"""The server goes away, comes back, forgets everything, or does not answer any more: announcing fails soon, and both
ways work again by themselves."""

import asyncio
import sys
from pathlib import Path

import pytest

from taskmill.brokers.contract import Broker
from taskmill.brokers.redis.consumer import RedisTimings
from taskmill.testing.conformance.brokers.case import Inbox, TicketWorker
from tests.brokers.conftest import Opened
from tests.brokers.faults import LONG, a_ticket, announced, arrives, refused, works
from tests.servers import Proxy, Server

pytestmark = pytest.mark.slow
QUEUES = ["faults"]
TAKER = Path(__file__).with_name("taker.py")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What each line that was logged says: away or back."""
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("taskmill")]
    assert not any(record.exc_info for record in caplog.records)
    return ["away" if " is away" in line else "back" for line in lines]


async def killed(server: Server) -> None:
    await asyncio.to_thread(server.settle)
    await asyncio.to_thread(server.kill)


async def test_absent_at_the_start(server: Server, opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    server.stop()
    async with opened(server.url) as broker:
        worker = TicketWorker(broker, QUEUES, 10)
        for _ in range(3):
            await refused(broker)
        assert told(caplog) == ["away"]
        await asyncio.to_thread(server.start)
        await works(broker, worker)
        assert told(caplog)[:2] == ["away", "back"]


async def test_killed_and_started_again(server: Server, opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(server.url) as broker:
        worker = TicketWorker(broker, QUEUES, 10)
        await works(broker, worker)
        ticket = a_ticket()
        waiting = asyncio.create_task(arrives(worker, ticket))
        await killed(server)
        await refused(broker)
        await asyncio.to_thread(server.start)
        await announced(broker, ticket)
        await waiting
        assert told(caplog)[0] == "away"
        assert told(caplog)[-1] == "back"
        assert len(told(caplog)) <= 4


async def test_wiped(server: Server, opened: Opened) -> None:
    async with opened(server.url) as broker:
        worker = TicketWorker(broker, QUEUES, 10)
        await works(broker, worker)
        await asyncio.to_thread(server.wipe)
        await asyncio.to_thread(server.start)
        await works(broker, worker)


async def test_tickets_that_are_out_when_it_is_wiped(server: Server, opened: Opened) -> None:
    async with opened(server.url) as broker:
        inbox = Inbox(broker, QUEUES, 10)
        await announced(broker, a_ticket())
        await announced(broker, a_ticket())
        first, *more = await inbox.next()
        second, *_ = more or await inbox.next()
        await asyncio.to_thread(server.wipe)
        await asyncio.to_thread(server.start)
        first.ack()
        second.nack()
        ticket = a_ticket()
        await announced(broker, ticket)
        async with asyncio.timeout(LONG):
            while ticket not in await inbox.acked(1):
                continue


@pytest.mark.parametrize("how", ["cut", "half_open"])
async def test_a_bad_link(server: Server, opened: Opened, how: str) -> None:
    with Proxy(server.url) as proxy:
        async with opened(proxy.url) as broker:
            worker = TicketWorker(broker, QUEUES, 10)
            await works(broker, worker)
            getattr(proxy, how)()
            await refused(broker)
            await refused(broker)
            proxy.pass_on()
            await works(broker, worker)


async def test_a_worker_notices_that_nobody_answers(
    server: Server, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    with Proxy(server.url) as proxy:
        async with opened(server.url) as announcing, opened(proxy.url) as broker:
            worker = TicketWorker(broker, QUEUES, 10)
            await works(announcing, worker)
            ticket = a_ticket()
            waiting = asyncio.create_task(arrives(worker, ticket))
            proxy.half_open()
            async with asyncio.timeout(20):
                while "away" not in told(caplog):
                    await asyncio.wait([waiting], timeout=0.05)
            proxy.pass_on()
            await announced(announcing, ticket)
            await waiting


async def test_a_slow_link(server: Server, opened: Opened) -> None:
    with Proxy(server.url) as proxy:
        async with opened(proxy.url) as broker:
            worker = TicketWorker(broker, QUEUES, 10)
            proxy.slow(200)
            await works(broker, worker)


async def test_a_frozen_server(server: Server, opened: Opened) -> None:
    async with opened(server.url) as broker:
        worker = TicketWorker(broker, QUEUES, 10)
        await works(broker, worker)
        server.pause()
        await refused(broker)
        server.resume()
        await works(broker, worker)


async def test_ping_says_that_it_is_away(server: Server, opened: Opened) -> None:
    async with opened(server.url) as broker:
        await broker.ping()
        await killed(server)
        with pytest.raises(Exception, match="takes nothing"):
            await broker.ping()


async def test_closes_soon_while_it_is_away(server: Server, opened: Opened) -> None:
    broker: Broker
    async with opened(server.url) as broker:
        worker = TicketWorker(broker, QUEUES, 10)
        await works(broker, worker)
        await announced(broker, a_ticket())
        assert await worker.claim(1)
        await killed(server)
        async with asyncio.timeout(5):
            await worker.close()
            await broker.close()
        worker.buffer.claimed()


async def test_a_worker_that_is_killed(server: Server, opened: Opened) -> None:
    async with opened(server.url, RedisTimings(tidy_interval=0.2, idle=0.5)) as broker:
        ticket = a_ticket()
        await announced(broker, ticket)
        await takes_and_is_killed(server.url, ticket.queue)
        await arrives(TicketWorker(broker, QUEUES, 10), ticket)


async def takes_and_is_killed(url: str, queue: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(TAKER), url, queue, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"taken\n"
    process.kill()
    await process.communicate()
