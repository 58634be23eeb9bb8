"""add: insert what is new, tell what was there."""

from collections.abc import Collection, Sequence

import asyncpg

from taskmill.core.task import Head, Spec, Task
from taskmill.stores.postgres import codec
from taskmill.stores.postgres.connection import Connection
from taskmill.stores.postgres.statements import statement

WIDTH = codec.SPEC + codec.HEAD
COLUMNS = Spec._fields + Head._fields
BULK = 20
"""Tasks from which on COPY is faster than INSERT: of a thousand, each costs half as much."""


async def add_alone(db: asyncpg.Connection, tasks: Sequence[Task]) -> dict[int, str]:
    """Outside of a transaction. The queues must be known."""
    if len(tasks) == 1:
        done = await _inserted(db, tasks[0])
    else:
        done = len(tasks) >= BULK and await _copied(db, tasks)
    return {} if done else await add(db, tasks)


async def add(db: Connection, tasks: Sequence[Task]) -> dict[int, str]:
    """Within a transaction, if the caller has begun one. The queues must be known."""
    there: dict[int, str] = {}
    left = dict(enumerate(tasks))
    while left:
        found = await _insert(db, left)
        there |= found
        # A task whose id or key was in the way and is gone meanwhile: once more.
        left = {position: left[position] for position, id in found.items() if not id}
    return there


async def insert(db: Connection, tasks: Sequence[Task]) -> None:
    """Those that nothing stands in the way of."""
    rows = [spec + head for spec, head in tasks]
    await db.execute(statement("add"), *codec.columns(rows, WIDTH))


async def add_queues(db: Connection, names: Collection[str]) -> None:
    await db.execute(statement("add_queues"), sorted(names))


async def _inserted(db: asyncpg.Connection, task: Task) -> bool:
    """False: something stands in its way."""
    status: str = await db.execute(statement("add_one"), *task.spec, *task.head)
    return status == "INSERT 0 1"


async def _copied(db: asyncpg.Connection, tasks: Sequence[Task]) -> bool:
    """False, with nothing done: an id or a key is there already, and COPY takes all or none."""
    rows = [spec + head for spec, head in tasks]
    try:
        await db.copy_records_to_table("task", schema_name="taskmill", columns=COLUMNS, records=rows)
    except asyncpg.UniqueViolationError:
        return False
    return True


async def _insert(db: Connection, tasks: dict[int, Task]) -> dict[int, str]:
    """What was there, by position; an empty id where it is gone by now."""
    rows = [spec + head for spec, head in tasks.values()]
    count, ids, holds = await db.fetchrow(statement("add"), *codec.columns(rows, WIDTH))
    if count == len(rows):
        return {}
    inserted = set(zip(ids or (), holds or (), strict=True))
    looked_for = [spec.id for spec, _ in tasks.values()], [head.hold for _, head in tasks.values() if head.hold]
    found = await db.fetch(statement("in_the_way"), *looked_for)
    return _there(tasks, inserted, dict(found))


def _there(
    tasks: dict[int, Task], inserted: set[tuple[str, str | None]], found: dict[str, str | None]
) -> dict[int, str]:
    """The insert once more, in thought. `inserted`: ids and keys; `found`: those of all that stand in the way now."""
    holders = {hold: id for id, hold in found.items() if hold is not None}
    present = found.keys() - {id for id, _ in inserted}
    there: dict[int, str] = {}
    for position, (spec, head) in tasks.items():
        if spec.id in present:
            there[position] = spec.id
        elif (spec.id, head.hold) in inserted:
            present.add(spec.id)
        else:
            there[position] = holders.get(head.hold or "", "")
    return there
