"""Which schema a database has, seen without changing anything."""

from taskmill.stores.postgres import schema
from taskmill.stores.postgres.place import place_of
from taskmill.stores.postgres.pool import Pool


async def versions(url: str) -> tuple[int, int]:
    """The schema that is found (0: none yet) and the newest that is known. Raises StoreUnavailable, StoreError."""
    pool = Pool(url, "power", place_of(url))
    pool.open()
    try:
        return await pool.run(schema.version, pool.place), schema.steps()[-1][0]
    finally:
        await pool.close()
