"""What goes wrong with a server, or the way to it, is told in one sentence; nothing is half-done or stops for good."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import psycopg
import pytest

from taskmill.core.errors import InvalidRequest, InvalidSettings, StoreError, StoreUnavailable, TaskmillError
from taskmill.stores.contract import ANY, TaskFilter
from taskmill.stores.open import open_store
from taskmill.stores.postgres.database import TIMINGS, PostgresTimings, location_of
from taskmill.stores.postgres.errors import explained
from taskmill.stores.postgres.store import PostgresStore
from taskmill.testing.conformance.case import a_task
from tests.chaos.running import until
from tests.servers import PostgresServer
from tests.servers.postgres import execute
from tests.servers.proxy import Proxy

pytestmark = pytest.mark.slow

SECRET = "s3cr3t"
SLEEP = "SELECT pg_sleep(5)"
IMPATIENT = PostgresTimings(
    connect_timeout=0.5, command_timeout=0.5, server_timeout=0.3, check_interval=0.3, close_timeout=0.2
)
"""Seconds become tenths, so that a test need not wait as long as people."""
OTHERS = "datname = current_database() and pid <> pg_backend_pid()"

SLEEPING = f"select 1 from pg_stat_activity where query = '{SLEEP}' and {OTHERS}"


@asynccontextmanager
async def opened(url: str, timings: PostgresTimings = TIMINGS) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(url, timings=timings)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def until_it_works(store: PostgresStore) -> None:
    """Within a few seconds."""
    async with asyncio.timeout(20):
        while True:
            try:
                await store.ping()
            except StoreUnavailable:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.fixture
def proxied(postgres_url: str) -> Iterator[Proxy]:
    with Proxy(postgres_url) as proxy:
        yield proxy


async def test_a_killed_server_is_away_and_then_back(postgres: PostgresServer) -> None:
    async with opened(postgres.url) as store:
        task = a_task()
        await store.add([task])
        postgres.kill()
        for _ in range(2):
            with pytest.raises(StoreUnavailable) as refused:
                await store.add([a_task()])
            assert refused.value.hint
        postgres.start()
        await until_it_works(store)
        assert await store.get([task.spec.id]) == {task.spec.id: task}


async def test_a_frozen_server_does_not_stop_a_loop_for_good(postgres: PostgresServer) -> None:
    async with opened(postgres.url, IMPATIENT) as store:
        postgres.pause()
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="did not answer in time"):
            await store.ping()
        assert time.monotonic() - began < 5
        postgres.resume()
        await until_it_works(store)


async def test_connections_that_are_terminated(postgres: PostgresServer) -> None:
    async with opened(postgres.url) as store:
        assert postgres.terminate_connections() >= 1
        await until_it_works(store)
        running = asyncio.create_task(store.pool.run(_sleep))
        await asyncio.to_thread(until, lambda: bool(execute(postgres.url, SLEEPING)), 10, "the statement runs")
        postgres.terminate_connections()
        with pytest.raises(StoreUnavailable, match="has closed the connection"):
            await running
        await until_it_works(store)


async def _sleep(db: asyncpg.Connection) -> None:
    await db.execute(SLEEP)


async def test_a_server_without_a_connection_left(postgres_url: str) -> None:
    async with opened(postgres_url):
        pass
    execute(postgres_url, "create role crowded superuser login")
    try:
        execute(postgres_url, "alter role crowded nosuperuser connection limit 1")
        crowded = open_store(postgres_url.replace("postgres@", "crowded@"), caller="loop")
        with psycopg.connect(postgres_url.replace("postgres@", "crowded@")), pytest.raises(StoreUnavailable) as refused:
            await crowded.open()
        assert "has no connection left" in str(refused.value)
        assert "max_connections" in str(refused.value.hint)
    finally:
        execute(postgres_url, "drop role crowded")


async def test_a_user_who_may_not(postgres_url: str) -> None:
    execute(postgres_url, "create role guest login")
    try:
        with pytest.raises(StoreError, match="does not let this user") as refused:
            async with opened(postgres_url.replace("postgres@", "guest@")):
                raise AssertionError
        assert "GRANT CREATE ON DATABASE" in str(refused.value.hint)
    finally:
        execute(postgres_url, "drop role guest")


async def test_a_password_that_is_wrong_is_not_told(postgres: PostgresServer) -> None:
    execute(postgres.url, "create role locked login password 'right'")
    rules = postgres.data / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"host all locked 127.0.0.1/32 scram-sha-256\n{before}")
    execute(postgres.url, "select pg_reload_conf()")
    try:
        url = postgres.url.replace("postgres@", f"locked:{SECRET}@")
        with pytest.raises(InvalidSettings, match="refused the password") as refused:
            async with opened(url):
                raise AssertionError
        assert SECRET not in f"{refused.value} {refused.value.hint} {refused.value.__cause__} {location_of(url)}"
    finally:
        rules.write_text(before)
        execute(postgres.url, "select pg_reload_conf()")
        execute(postgres.url, "drop role locked")


@pytest.mark.parametrize(
    ("wrong", "meaning", "says"),
    [
        ("/no_such_database", InvalidSettings, "does not have this database"),
        ("/postgres?nonsense=1", InvalidSettings, "does not know an option"),
        ("/postgres?sslmode=perhaps", InvalidSettings, "cannot be read"),
        ("/postgres?sslmode=require", StoreUnavailable, "cannot be reached"),
    ],
)
async def test_urls_that_lead_nowhere(postgres_url: str, wrong: str, meaning: type[TaskmillError], says: str) -> None:
    with pytest.raises(meaning, match=says) as refused:
        async with opened(postgres_url.rpartition("/")[0] + wrong):
            raise AssertionError
    assert refused.value.hint


@pytest.mark.parametrize("password", [SECRET, f"{SECRET}/x", f"a@{SECRET}", f"{SECRET}#?x=1", f"x:{SECRET}"])
async def test_no_part_of_a_password_is_told(password: str) -> None:
    url = f"postgresql://user:{password}@127.0.0.1:1/db"
    with pytest.raises(TaskmillError) as refused:
        async with opened(url):
            raise AssertionError
    assert SECRET not in f"{refused.value} {refused.value.hint} {refused.value.__cause__} {open_store(url).location}"


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("postgresql://u:p@host:1234/db", "host:1234/db"),
        ("postgresql://u:p@one,two:2/db?target_session_attrs=read-write", "one:5432,two:2/db"),
        ("postgresql:///db?host=/run/pg&user=u&password=p", "/run/pg:5432/db"),
        ("postgresql://me@[::1]", "[::1]:5432/me"),
    ],
)
def test_locations_for_people(url: str, location: str) -> None:
    assert location_of(url) == location


async def test_a_database_that_is_read_only(postgres_url: str) -> None:
    async with opened(postgres_url) as store:
        name = postgres_url.rpartition("/")[2]
        execute(postgres_url, f"alter database {name} set default_transaction_read_only = on")
        execute(postgres_url, f"select pg_terminate_backend(pid) from pg_stat_activity where {OTHERS}")
        with pytest.raises(StoreUnavailable):  # the connection is closed, or the new one is read-only
            await store.add([a_task()])
        with pytest.raises(StoreUnavailable, match="read-only"):
            await store.add([a_task()])
        assert await store.count(TaskFilter(), 9) == 0


async def test_a_table_that_somebody_holds(postgres_url: str) -> None:
    async with opened(postgres_url, IMPATIENT) as store:
        with psycopg.connect(postgres_url) as rival:
            rival.execute("lock table taskmill.task")
            with pytest.raises(StoreUnavailable, match="took too long") as refused:
                await store.add([a_task()])
            assert "pg_locks" in str(refused.value.hint)
        assert await store.add([a_task()]) == {}


async def test_a_link_that_is_cut_and_mended(proxied: Proxy) -> None:
    async with opened(proxied.url) as store:
        proxied.cut()
        with pytest.raises(StoreUnavailable):
            await store.ping()
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await store.ping()
        proxied.pass_on()
        await until_it_works(store)


async def test_a_link_that_is_open_at_one_end_only(proxied: Proxy) -> None:
    async with opened(proxied.url, IMPATIENT) as store:
        proxied.half_open()
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="did not answer in time"):
                await store.ping()
        assert time.monotonic() - began < 5
        proxied.pass_on()
        await until_it_works(store)


async def test_a_slow_link_is_only_slow(proxied: Proxy) -> None:
    proxied.slow(20)
    async with opened(proxied.url) as store:
        assert await store.add([a_task() for _ in range(100)]) == {}


async def test_ears_hear_again_after_a_break_and_look_at_everything(proxied: Proxy, postgres_url: str) -> None:
    async with opened(proxied.url) as store, opened(postgres_url) as other:
        ear = store.bell.listen("final")
        store.bell.ring("final", ["1"])
        assert await ear.wait(10) == [("final", "1")]
        proxied.cut()
        await asyncio.sleep(0)
        proxied.pass_on()
        heard: list[str] = []
        async with asyncio.timeout(10):
            while not {ANY, "2"} <= set(heard):
                other.bell.ring("final", ["2"])
                heard += [item for _, item in await ear.wait(0.2)]
        ear.close()


async def test_a_silent_break_is_noticed(proxied: Proxy) -> None:
    async with opened(proxied.url, IMPATIENT) as store:
        ear = store.bell.listen("final")
        store.bell.ring("final", ["1"])
        assert await ear.wait(10) == [("final", "1")]
        proxied.half_open()
        assert await ear.wait(1.5) == []
        proxied.pass_on()
        assert await ear.wait(10) == [("final", ANY)]
        ear.close()


@pytest.mark.parametrize("fields", [{"key": "\ud800"}, {"timeout": 2**63}, {"key": "nul \0"}])
async def test_values_that_no_column_holds(postgres_url: str, fields: dict[str, Any]) -> None:
    async with opened(postgres_url) as store:
        for batch in ([a_task(**fields)], [a_task(), a_task(**fields)]):
            with pytest.raises(InvalidRequest, match="a value cannot be stored"):
                await store.add(batch)
        assert await store.count(TaskFilter(), 9) == 0


async def test_a_store_that_is_not_open(postgres_url: str) -> None:
    with pytest.raises(StoreError, match="is not open"):
        await open_store(postgres_url, caller="loop").ping()


@pytest.mark.parametrize("error", [asyncpg.DiskFullError("no space"), asyncpg.CannotConnectNowError("starting up")])
def test_what_a_test_cannot_bring_about_is_explained(error: Exception) -> None:
    told = explained(error, "db:5432/tasks")
    assert isinstance(told, StoreUnavailable)
    assert told.hint


async def test_writers_that_stand_in_each_others_way_all_get_through(postgres_url: str) -> None:
    async with opened(postgres_url) as store:
        keys = [f"k{i}" for i in range(30)]
        batches = [[a_task(key=key) for key in order] for order in (keys, keys[::-1]) for _ in range(6)]
        answers = await asyncio.gather(*map(store.add, batches))
        assert await store.count(TaskFilter(), 999) == len(keys)
        assert sum(len(keys) - len(there) for there in answers) == len(keys)
