"""Two that make the schema of one database at the same time."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from taskmill.stores.postgres.schema import LOCK, migrate, version
from taskmill.stores.postgres.tasks import add_in_transaction
from taskmill.testing.conformance.case import a_task
from tests.chaos.running import until
from tests.servers.postgres import execute

WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


async def test_who_waited_for_another_to_make_the_schema_sees_it(postgres_url: str) -> None:
    """It looked before, and PostgreSQL remembers for a session what was not there."""
    first, second = [await asyncpg.connect(postgres_url) for _ in range(2)]
    async with first.transaction():
        await first.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        waiting = asyncio.create_task(migrate(second, "here"))
        await asyncio.to_thread(until, lambda: bool(execute(postgres_url, WAITING)), 10, "the second one waits")
        await migrate(first, "here")
    await waiting
    assert await version(second, "here") > 0
    await first.close()
    await second.close()


class GoneMeanwhile:
    """A connection on which what stood in the way of a first insert is gone when one looks what it was."""

    def __init__(self) -> None:
        self.inserts = 0

    async def fetchrow(self, query: str, *values: Any) -> Any:
        self.inserts += 1
        return (0, None, None) if self.inserts == 1 else (1, None, None)

    async def fetch(self, query: str, *values: Any) -> Sequence[Any]:
        return []

    async def execute(self, query: str, *values: Any) -> object:
        raise NotImplementedError


async def test_what_is_inserted_at_the_second_try_was_not_there() -> None:
    connection = GoneMeanwhile()
    assert await add_in_transaction(connection, [a_task()]) == {}
    assert connection.inserts == 2
