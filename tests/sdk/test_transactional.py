"""Tasks that are enqueued in the caller's own transaction: they come and go with it, on every kind of connection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from taskmill import App
from taskmill.core.errors import InvalidRequest, NotFound
from taskmill.stores.open import open_store
from taskmill.testing import Sandbox
from tests.examples.page import FENCE, ROOT

Sync = tuple[Any, Callable[[], object], Callable[[], object]]
"""A connection with a transaction, and how to commit it and to roll it back."""
Async = tuple[Any, Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]]


@pytest.fixture
def app(postgres_url: str) -> Iterator[App]:
    app = App(postgres_url)

    @app.task
    def ship(order: int) -> int:
        return order

    yield app
    app.close()


@contextmanager
def by_psycopg(url: str) -> Iterator[Sync]:
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
        yield connection, connection.commit, connection.rollback


def engine(url: str, driver: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(url.replace("postgresql://", f"postgresql+{driver}://"), poolclass=NullPool)


@contextmanager
def by_sqlalchemy(url: str) -> Iterator[Sync]:
    with engine(url, "psycopg").connect() as connection:
        yield connection, connection.commit, connection.rollback


@contextmanager
def by_session(url: str) -> Iterator[Sync]:
    with Session(engine(url, "psycopg")) as session:
        yield session, session.commit, session.rollback


@asynccontextmanager
async def by_asyncpg(url: str) -> AsyncIterator[Async]:
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    yield connection, transaction.commit, transaction.rollback
    await connection.close()


@asynccontextmanager
async def by_asyncpg_pool(url: str) -> AsyncIterator[Async]:
    async with asyncpg.create_pool(url, min_size=1) as pool, pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection, transaction.commit, transaction.rollback


@asynccontextmanager
async def by_psycopg_async(url: str) -> AsyncIterator[Async]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        yield connection, connection.commit, connection.rollback


def async_sqlalchemy(driver: str) -> Callable[[str], AbstractAsyncContextManager[Async]]:
    @asynccontextmanager
    async def by_it(url: str) -> AsyncIterator[Async]:
        made = create_async_engine(url.replace("postgresql://", f"postgresql+{driver}://"), poolclass=NullPool)
        async with made.connect() as connection:
            yield connection, connection.commit, connection.rollback

    return by_it


@asynccontextmanager
async def by_async_session(url: str) -> AsyncIterator[Async]:
    made = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"), poolclass=NullPool)
    async with AsyncSession(made) as session:
        yield session, session.commit, session.rollback


SYNC = {"psycopg": by_psycopg, "SQLAlchemy connection": by_sqlalchemy, "SQLAlchemy session": by_session}
ASYNC = {
    "asyncpg": by_asyncpg,
    "asyncpg pool": by_asyncpg_pool,
    "psycopg async": by_psycopg_async,
    "SQLAlchemy on asyncpg": async_sqlalchemy("asyncpg"),
    "SQLAlchemy on psycopg": async_sqlalchemy("psycopg"),
    "SQLAlchemy async session": by_async_session,
}


@pytest.mark.parametrize("joined", SYNC.values(), ids=SYNC)
def test_a_task_comes_with_the_commit_and_goes_with_the_rollback(
    app: App, postgres_url: str, joined: Callable[[str], AbstractContextManager[Sync]]
) -> None:
    ship = app.tasks["ship"]
    with joined(postgres_url) as (connection, commit, rollback):
        lost = ship.using(connection=connection).enqueue(1)
        with pytest.raises(NotFound):
            lost.status()
        rollback()
        here = ship.using(connection=connection, key="k", tags=["ä"], delay=60)
        first, second = here.enqueue(2), here.enqueue(3)
        many = ship.using(connection=connection).enqueue_many([ship.call(i) for i in range(30)])
        commit()
    assert (first.created, second.created, second.id) == (True, False, first.id)
    assert all(handle.status() == "ready" for handle in many)
    assert first.status() == "scheduled"
    with pytest.raises(NotFound):
        lost.status()


@pytest.mark.parametrize("joined", ASYNC.values(), ids=ASYNC)
async def test_asynchronous_connections_do_the_same(
    app: App, postgres_url: str, joined: Callable[[str], AbstractAsyncContextManager[Async]]
) -> None:
    ship = app.tasks["ship"]
    async with joined(postgres_url) as (connection, commit, _):
        here = ship.using(connection=connection, key="k")
        first, second = await here.aenqueue(1), await here.aenqueue(2)
        with pytest.raises(NotFound):
            await first.astatus()
        await commit()
    assert (second.created, second.id, await first.astatus()) == (False, first.id, "ready")
    async with joined(postgres_url) as (connection, _, rollback):
        lost = await ship.using(connection=connection).aenqueue(1)
        with pytest.raises(InvalidRequest, match="asynchronous connection"):
            ship.using(connection=connection).enqueue(1)
        await rollback()
    with pytest.raises(NotFound):
        await lost.astatus()
    await app.aclose()


async def test_workers_hear_of_it_when_it_is_committed(app: App, postgres_url: str) -> None:
    listening = open_store(postgres_url, caller="loop")
    await listening.open()
    ear = listening.bell.listen("ready", "due")
    listening.bell.ring("due", ["1"])
    assert await ear.wait(10) == [("due", "1")]
    async with by_asyncpg(postgres_url) as (connection, commit, _):
        await app.tasks["ship"].using(connection=connection, queue="post").aenqueue(1)
        await app.tasks["ship"].using(connection=connection, delay=5).aenqueue(1)
        assert await ear.wait(0.1) == []
        await commit()
    assert sorted(await ear.wait(10)) == [("due", ""), ("ready", "post")]
    ear.close()
    await listening.close()
    await app.aclose()


async def test_two_transactions_that_use_a_new_queue_do_not_wait_for_each_other(app: App, postgres_url: str) -> None:
    ship = app.tasks["ship"].using(queue="new")
    async with (
        asyncio.timeout(5),
        by_asyncpg(postgres_url) as (one, end, _),
        by_asyncpg(postgres_url) as (two, over, _),
    ):
        await ship.using(connection=one).aenqueue(1)
        await ship.using(connection=two).aenqueue(2)
        await end()
        await over()
    await app.aclose()


def test_the_callers_commit_is_as_safe_as_he_asked(app: App, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        app.tasks["ship"].using(connection=connection).enqueue(1)
        assert connection.execute("show synchronous_commit").fetchone() == ("on",)


def test_what_is_no_connection_is_refused(app: App) -> None:
    with pytest.raises(InvalidRequest, match=r"a builtins\.str is no connection") as refused:
        app.tasks["ship"].using(connection="postgresql://…").enqueue(1)
    assert "psycopg 3" in str(refused.value.hint)


def test_only_postgresql_can_be_joined() -> None:
    app = App("memory://")

    @app.task
    def ship(order: int) -> int:
        return order

    with pytest.raises(InvalidRequest, match="this app's is memory"):
        ship.using(connection=object()).enqueue(1)
    with Sandbox(app) as box:
        ship.using(connection=object()).enqueue(order=1)
        box.assert_enqueued(ship, order=1)


def test_the_page_that_tells_how(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [(_, code)] = FENCE.findall((ROOT / "docs/how-to/transactions.md").read_text(encoding="utf-8"))
    monkeypatch.setenv("TASKMILL_STORE", postgres_url)
    orders: dict[str, Any] = {}
    exec(compile(code, "orders.py", "exec"), orders)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE orders (id serial PRIMARY KEY, item text, amount int)")
        connection.execute("CREATE TABLE stock (item text, amount int CHECK (amount >= 0))")
        connection.execute("INSERT INTO stock VALUES ('tea', 5)")
        order = orders["place"](connection, "tea", 3)
        with pytest.raises(psycopg.errors.CheckViolation):
            orders["place"](connection, "tea", 3)
        rows = connection.execute("SELECT task_type, state, parameters->>'order' FROM taskmill.task_view").fetchall()
    assert rows == [("ship", "ready", str(order))]
    orders["app"].close()
