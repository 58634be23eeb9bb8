"""What only Redis does."""

import asyncio

import pytest
import redis.asyncio as client

from taskmill.brokers.packing import Lane
from taskmill.brokers.redis.consumer import RedisTimings
from taskmill.brokers.redis.messages import FIELD, GROUP, key_of
from taskmill.core.errors import BrokerUnavailable
from taskmill.testing.conformance.brokers.case import TicketWorker
from tests.brokers.conftest import Opened
from tests.brokers.faults import a_ticket, announced, arrives, works
from tests.servers import RedisServer

KEY = key_of(Lane("faults", 2))


HASTY = RedisTimings(tidy_interval=0.1, idle=0.4)


async def test_flushed_while_a_worker_waits(redis_url: str, opened: Opened) -> None:
    async with opened(redis_url) as broker, client.Redis.from_url(redis_url) as redis:
        worker = TicketWorker(broker, ["faults"], 10)
        await works(broker, worker)
        for _ in range(3):
            ticket = a_ticket()
            arrival = asyncio.create_task(arrives(worker, ticket))
            await asyncio.sleep(0.05)
            await redis.flushdb()
            await announced(broker, ticket)
            async with asyncio.timeout(3):  # it does not wait for the end of a read
                await arrival


@pytest.mark.slow
async def test_a_worker_keeps_what_it_holds_on_to(redis_url: str, opened: Opened) -> None:
    async with opened(redis_url, HASTY) as broker:
        keeper, other = TicketWorker(broker, ["faults"], 10), TicketWorker(broker, ["faults"], 10)
        kept, later = a_ticket(), a_ticket()
        await broker.announce([kept])
        assert await keeper.claim(10) == [kept.id]
        claiming = asyncio.create_task(other.claim(10))
        assert await asyncio.wait([claiming], timeout=1.2) == (set(), {claiming})
        await broker.announce([later])
        assert await claiming == [later.id]
        keeper.buffer.claimed()


async def test_streams_stay_short_and_dead_consumers_go(redis_url: str, opened: Opened) -> None:
    async with opened(redis_url, HASTY) as broker, client.Redis.from_url(redis_url) as redis:
        await broker.announce([a_ticket()])
        await redis.xgroup_create(KEY, GROUP, "0")
        await redis.xreadgroup(GROUP, "dead", {KEY: ">"})
        await broker.announce([a_ticket() for _ in range(500)])
        worker, last = TicketWorker(broker, ["faults"], 100), a_ticket()
        await broker.announce([last])
        await arrives(worker, last)
        async with asyncio.timeout(10):
            claiming = asyncio.create_task(arrives(worker, a_ticket()))
            while await redis.xlen(KEY) or b"dead" in await names(redis):
                await asyncio.wait([claiming], timeout=0.1)
            claiming.cancel()
        await worker.close()
        assert await names(redis) == []


async def names(redis: "client.Redis") -> list[bytes]:
    return [consumer["name"] for consumer in await redis.xinfo_consumers(KEY, GROUP)]


async def test_garbage_is_thrown_away_with_a_word(
    redis_url: str, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(redis_url) as broker, client.Redis.from_url(redis_url) as redis:
        await redis.xadd(KEY, {FIELD: b"\xff garbage"})
        await redis.xadd(KEY, {"something": "else", "and": "more"})
        worker, last = TicketWorker(broker, ["faults"], 10), a_ticket()
        await broker.announce([last])
        await arrives(worker, last)
        await broker.close()
        assert await redis.xlen(KEY) == 0
    assert [record.getMessage()[:24] for record in caplog.records] == ["thrown away from queue '"] * 2


@pytest.mark.slow
async def test_what_the_url_has_wrong(opened: Opened) -> None:
    with RedisServer(password="s3cret") as server:
        for url, word in (
            (server.url.replace("s3cret", "wr0ng"), "password"),
            (server.url.replace(":s3cret@", ""), "password"),
            (server.url.replace("/0", "/9999"), "number"),
        ):
            async with opened(url) as broker:
                with pytest.raises(BrokerUnavailable) as refusal:
                    await broker.announce([a_ticket()])
                assert word in str(refusal.value.hint)
                assert "wr0ng" not in f"{refusal.value}{broker.location}"
        async with opened(server.url) as broker:
            assert "s3cret" not in broker.location
            await broker.ping()


@pytest.mark.slow
async def test_out_of_memory(redis: RedisServer, opened: Opened) -> None:
    async with opened(redis.url) as broker, client.Redis.from_url(redis.url) as admin:
        worker = TicketWorker(broker, ["faults"], 10)
        await works(broker, worker)
        await admin.config_set("maxmemory", "1")
        with pytest.raises(BrokerUnavailable) as refusal:
            await broker.announce([a_ticket()])
        assert "maxmemory" in str(refusal.value.hint)
        await admin.config_set("maxmemory", "0")
        await works(broker, worker)
