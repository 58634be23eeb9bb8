"""get, promote and purge."""

from collections.abc import Collection, Sequence

from taskmill.core.state import State
from taskmill.core.task import Task
from taskmill.stores.contract import Promoted, Promotion
from taskmill.stores.postgres import codec, statements
from taskmill.stores.postgres.connection import Connection
from taskmill.stores.postgres.statements import statement


async def get(db: Connection, ids: Sequence[str]) -> dict[str, Task]:
    if not ids:
        return {}
    return {row[0]: codec.task(row) for row in await db.fetch(statement("get"), ids)}


async def promote(db: Connection, limit: int, now: int | None) -> Promoted:
    due, moment = await db.fetchrow(statement("next_due"), now)
    if due is None or due > moment or limit <= 0:
        return Promoted([], due)
    tasks = [Promotion._make(row) for row in await db.fetch(statement("promote"), limit, moment)]
    due, _ = await db.fetchrow(statement("next_due"), now)
    return Promoted(tasks, due)


async def purge(db: Connection, limit: int, states: Collection[State], before: int, ids: Collection[str] | None) -> int:
    values = max(0, limit), list(states), before
    if ids is None:
        [count] = await db.fetchrow(statements.purge("with_finished"), *values)
    else:
        [count] = await db.fetchrow(statements.purge("with_finished_by_id"), *values, list(ids))
    return int(count)
