"""A server that becomes read-only, or a standby, while connections to it stand: they are left, and work goes on with
the primary as soon as there is one."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from taskmill.core.errors import StoreUnavailable
from taskmill.core.task import Task
from taskmill.stores.contract import ANY, TaskFilter
from taskmill.stores.postgres.database import TIMINGS, PostgresTimings
from taskmill.stores.postgres.store import PostgresStore
from taskmill.testing.conformance.case import a_task
from tests.chaos.running import until
from tests.servers import PostgresServer
from tests.servers.postgres import StandbyServer, execute

pytestmark = pytest.mark.slow
OURS = "select pid from pg_stat_activity where application_name = 'taskmill' and datname = current_database()"


@asynccontextmanager
async def opened(url: str, timings: PostgresTimings = TIMINGS) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(url, timings=timings)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def read_only(url: str, value: str) -> None:
    """Of transactions that begin from now on, also on connections that stand."""
    with psycopg.connect(url, autocommit=True, options="-c default_transaction_read_only=off") as connection:
        connection.execute(f"alter system set default_transaction_read_only = {value}")
        connection.execute("select pg_reload_conf()")
    shown = "on" if value == "on" else "off"
    end = time.monotonic() + 10
    while execute(url, "show default_transaction_read_only") != [(shown,)]:
        assert time.monotonic() < end


async def added_in_the_end(store: PostgresStore) -> Task:
    task = a_task()
    async with asyncio.timeout(10):
        while True:
            try:
                await store.add([task])
            except StoreUnavailable:
                await asyncio.sleep(0.05)
            else:
                return task


def pids(url: str) -> set[int]:
    """Of the server's processes that serve us."""
    return {pid for [pid] in execute(url, OURS)}


async def refused(store: PostgresStore) -> StoreUnavailable:
    with pytest.raises(StoreUnavailable, match="read-only") as error:
        await store.add([a_task()])
    return error.value


@pytest.fixture
def standby(postgres: PostgresServer) -> Iterator[StandbyServer]:
    with StandbyServer(postgres) as server:
        yield server


async def test_connections_to_a_server_that_turned_read_only_are_left(postgres: PostgresServer) -> None:
    with postgres.fresh() as url:
        async with opened(url) as store:
            await asyncio.gather(*(store.add([a_task()]) for _ in range(4)))
            before = pids(url)
            assert len(before) > 1
            read_only(url, "on")
            try:
                await refused(store)
                await asyncio.to_thread(until, lambda: before.isdisjoint(pids(url)), 10, "the connections are closed")
            finally:
                read_only(url, "default")
            task = await added_in_the_end(store)
            assert await store.get([task.spec.id]) == {task.spec.id: task}


async def test_a_server_that_stays_read_only_is_not_asked_all_the_time(postgres: PostgresServer) -> None:
    sessions = "select sessions from pg_stat_database where datname = current_database()"
    with postgres.fresh() as url:
        async with opened(url) as store:
            read_only(url, "on")
            try:
                end, asked = time.monotonic() + 2, 0
                while time.monotonic() < end:
                    await refused(store)
                    asked += 1
                    await asyncio.sleep(0.002)
                read_only(url, "default")
                await added_in_the_end(store)
            finally:
                read_only(url, "default")
            execute(url, "select pg_stat_force_next_flush()")
            [[connections]] = execute(url, sessions)
            assert connections < asked / 4


async def test_whoever_listens_leaves_it_too(postgres: PostgresServer) -> None:
    with postgres.fresh() as url:
        async with opened(url, PostgresTimings(check_interval=0.2)) as store:
            ear = store.bell.listen("final")
            store.bell.ring("final", ["1"])
            assert await ear.wait(10) == [("final", "1")]
            read_only(url, "on")
            try:
                await refused(store)
            finally:
                read_only(url, "default")
            assert await ear.wait(10) == [("final", ANY)]
            ear.close()


async def test_the_primary_of_today_is_found(postgres: PostgresServer, standby: StandbyServer) -> None:
    both = f"127.0.0.1:{postgres.port},127.0.0.1:{standby.port}"
    async with opened(f"postgresql://postgres@{both}/postgres?target_session_attrs=read-write") as store:
        before = a_task()
        await store.add([before])
        await asyncio.to_thread(standby.catch_up)
        read_only(postgres.url, "on")
        try:
            with pytest.raises(StoreUnavailable, match="target_session_attrs"):
                await store.add([a_task()])
            await asyncio.to_thread(standby.promote)
            after = await added_in_the_end(store)
            assert set(await store.get([before.spec.id, after.spec.id])) == {before.spec.id, after.spec.id}
            both_ids = f"('{before.spec.id}', '{after.spec.id}')"
            assert execute(standby.url, f"select count(*) from taskmill.task where id in {both_ids}") == [(2,)]
        finally:
            read_only(postgres.url, "default")


async def test_a_standby_can_be_read_and_takes_tasks_when_it_is_promoted(
    postgres: PostgresServer, standby: StandbyServer
) -> None:
    async with opened(postgres.url) as store:
        await store.add([a_task()])
    await asyncio.to_thread(standby.catch_up)
    async with opened(standby.url) as store:
        found = await store.count(TaskFilter(), 9)
        error = await refused(store)
        with pytest.raises(StoreUnavailable) as other:
            await store.ping()
        assert str(other.value) == str(error)  # so that a log may tell it once
        assert "target_session_attrs=read-write" in str(error.hint)
        assert await store.count(TaskFilter(), 9) == found
        await asyncio.to_thread(standby.promote)
        await added_in_the_end(store)
        assert await store.count(TaskFilter(), 9) == found + 1
