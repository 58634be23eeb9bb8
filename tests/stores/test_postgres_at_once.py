"""Two that make the schema of one database at the same time."""

import asyncio

import asyncpg

from taskmill.stores.postgres.schema import LOCK, migrate, version
from tests.chaos.mill import until
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
