"""Redis becomes a replica, or is cut off from its replicas, while connections to it stand: they are left, one line says
so, and tickets flow again when there is a primary."""

import asyncio
from collections.abc import Iterator

import pytest
import redis.asyncio as client

from taskmill.brokers.redis.consumer import RedisTimings
from taskmill.core.errors import BrokerUnavailable
from taskmill.testing.conformance.brokers.case import TicketWorker
from tests.brokers.conftest import Opened
from tests.brokers.faults import a_ticket, announced, arrives, refused, works
from tests.brokers.test_faults import told
from tests.servers import Proxy, RedisServer

pytestmark = pytest.mark.slow
HASTY = RedisTimings(tidy_interval=0.05, idle=5.0, block=0.3)


@pytest.fixture
def other() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


async def said(caplog: pytest.LogCaptureFixture, *words: str) -> None:
    async with asyncio.timeout(10):
        while told(caplog) != list(words):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_primary_that_becomes_a_replica_and_a_primary_again(
    redis: RedisServer, other: RedisServer, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(redis.url, HASTY) as broker:
        worker = TicketWorker(broker, ["faults"], 10)
        await works(broker, worker)
        redis.follow(other)
        for _ in range(10):
            error = await refused(broker)
            assert "name the primary" in str(error.hint)
            await asyncio.sleep(0.05)  # in which the worker reads and tidies up
        with pytest.raises(BrokerUnavailable, match="read only replica"):
            await broker.ping()
        assert told(caplog) == ["away"]
        redis.follow(None)
        await works(broker, worker)
        assert told(caplog) == ["away", "back"]


async def test_a_worker_that_announces_nothing_says_when_it_is_back(
    redis: RedisServer, other: RedisServer, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(redis.url, HASTY) as broker:
        TicketWorker(broker, ["faults"], 10)
        redis.follow(other)
        await refused(broker)
        redis.follow(None)
        await said(caplog, "away", "back")


async def test_the_primary_of_today_is_found_behind_the_same_name(
    redis: RedisServer, other: RedisServer, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    with Proxy(redis.url) as proxy:
        async with opened(proxy.url, HASTY) as broker, opened(other.url) as direct:
            worker = TicketWorker(broker, ["faults"], 10)
            await works(broker, worker)
            proxy.lead_to(other.url)
            redis.follow(other)
            ticket = a_ticket()
            arrival = asyncio.create_task(arrives(worker, ticket))
            await announced(direct, ticket)
            await arrival
            await works(broker, worker)
            async with client.Redis.from_url(redis.url) as admin:
                left = [one for one in await admin.client_list() if one["name"] == "taskmill"]
            assert left == []
            assert told(caplog) == ["away", "back"]


@pytest.mark.parametrize(
    ("settings", "mended", "hint"),
    [
        ({"min_replicas_to_write": 1}, {"min_replicas_to_write": 0}, "min-replicas-to-write"),
        ({"maxmemory": 1}, {"maxmemory": 0}, "maxmemory"),
    ],
)
async def test_writing_alone_is_refused(
    redis: RedisServer,
    opened: Opened,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, int],
    mended: dict[str, int],
    hint: str,
) -> None:
    async with opened(redis.url, HASTY) as broker:
        worker = TicketWorker(broker, ["faults"], 10)
        await works(broker, worker)
        redis.configure(**settings)
        for _ in range(5):
            assert hint in str((await refused(broker)).hint)
            await asyncio.sleep(0.1)  # in which the worker reads and tidies up
        assert told(caplog) == ["away"]
        redis.configure(**mended)
        await works(broker, worker)
        assert told(caplog) == ["away", "back"]


async def test_a_replica_that_has_lost_its_primary(
    redis: RedisServer, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    gone = RedisServer()
    async with opened(redis.url, HASTY) as broker:
        worker = TicketWorker(broker, ["faults"], 10)
        await works(broker, worker)
        redis.configure(replica_serve_stale_data="no")
        redis.follow(gone)
        assert "name the primary" in str((await refused(broker)).hint)
        redis.follow(None)
        await works(broker, worker)
        assert told(caplog) == ["away", "back"]
