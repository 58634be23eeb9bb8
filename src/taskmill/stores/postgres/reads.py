"""For people: find, count, attempts, stats.

Flat at any size: no filter, states, a key. Without an index, and so reading on from the newest task until a page is
full: queues, task types, priorities, tags, times of creation.
"""

from taskmill.core.state import State
from taskmill.core.task import Attempt
from taskmill.stores.contract import Filter, Page, Stats
from taskmill.stores.cursors import NEWEST, position
from taskmill.stores.postgres import codec
from taskmill.stores.postgres.connection import Connection
from taskmill.stores.postgres.filters import picks
from taskmill.stores.postgres.statements import statement


async def find(db: Connection, where: Filter, limit: int, cursor: str | None) -> Page:
    query, values = picks(where, position(cursor), limit + 1)
    rows = await db.fetch(query, *values)
    page = rows[:limit]
    return Page([codec.task(row, 1) for row in page], str(page[-1][0]) if page and len(rows) > limit else None)


async def count(db: Connection, where: Filter, limit: int) -> int:
    query, values = picks(where, NEWEST, limit)
    [found] = await db.fetchrow(statement("count", picks=query), *values)
    return int(found)


async def attempts(db: Connection, id: str) -> list[Attempt]:
    return [Attempt._make(row) for row in await db.fetch(statement("attempts"), id)]


async def stats(db: Connection) -> Stats:
    counted = dict(await db.fetch(statement("stats")))
    [oldest] = await db.fetchrow(statement("oldest_ready"))
    return Stats({state: counted.get(state, 0) for state in State}, oldest)
