"""Tells which schema a database has and brings it up to date. Safe when several processes start at once."""

from pathlib import Path

import asyncpg

from taskmill.core.errors import InvalidSettings, SchemaTooNew, StoreError
from taskmill.stores.postgres.database import Pool
from taskmill.stores.postgres.statements import statement

FOLDER = Path(__file__).with_name("migrations")
LOCK = 0x7461736B6D696C6C
"""The advisory lock that whoever migrates takes."""
LOCK_TIMEOUT = "3s"
"""For locks on tables: a step that waits behind a long transaction must not keep everybody waiting behind itself."""


def steps() -> list[tuple[int, str]]:
    """(number, SQL) of every migration, in order."""
    return [(int(file.name[:4]), file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.sql"))]


async def versions(url: str) -> tuple[int, int]:
    """The schema that is found (0: none yet) and the newest that is known, seen without changing anything.

    Raises InvalidSettings, StoreUnavailable, StoreError.
    """
    pool = Pool(url, "power")
    pool.open()
    try:
        return await pool.run(version, pool.location), steps()[-1][0]
    finally:
        await pool.close()


async def migrate(connection: asyncpg.Connection, location: str) -> None:
    """Raises SchemaTooNew when a newer Taskmill made it, StoreError when it is somebody else's, InvalidSettings when it
    does not keep UTF8."""
    newest = steps()[-1][0]
    found = await version(connection, location)
    if found > newest:
        raise SchemaTooNew(
            f"the database {location} has schema {found}, and this Taskmill knows schemas up to {newest}",
            hint="use the Taskmill that made it, or a newer one",
        )
    if found < newest:
        await _apply(connection, location)


async def version(connection: asyncpg.Connection, location: str) -> int:
    """0: there is none yet. Another encoding than UTF8 is refused then, and not later: tasks that are in there can be
    copied to another store."""
    there, ours, encoding = await connection.fetchrow(statement("is_ours"))
    if there and not ours:
        raise StoreError(
            f"the database {location} belongs to another program: it has a schema taskmill that is not Taskmill's",
            hint="give Taskmill a database of its own",
        )
    if not ours and encoding != "UTF8":
        raise InvalidSettings(
            f"the database {location} has the encoding {encoding}, which cannot keep every text; Taskmill needs UTF8",
            hint="make one: createdb --template=template0 --encoding=UTF8 --locale=C NAME",
        )
    return int(await connection.fetchval(statement("schema_version")) or 0) if ours else 0


async def _apply(connection: asyncpg.Connection, location: str) -> None:
    """All missing steps in one transaction: a database is at one version or at another, never between."""
    async with connection.transaction():
        await connection.execute(statement("migrating"), LOCK, LOCK_TIMEOUT)
        found = await version(connection, location)
        if found == 0:
            await connection.execute(statement("make_schema"))
            await connection.execute(statement("make_migration"))
        for number, sql in steps():
            if number > found:
                await connection.execute(sql)
                await connection.execute(statement("migrated"), number)
