"""export and restore: tasks as they are, from one store to another."""

from collections.abc import Sequence

from asyncpg import Connection, UniqueViolationError

from taskmill.core.task import Attempt, Task
from taskmill.stores.contract import Export
from taskmill.stores.cursors import position
from taskmill.stores.postgres.reads import oldest
from taskmill.stores.postgres.statements import DECISION, columns, read_task, statement
from taskmill.stores.postgres.tasks import insert


async def export(db: Connection, limit: int, cursor: str | None = None) -> Export:
    rows = await db.fetch(*oldest(position(cursor, first=0), limit + 1))
    page = rows[:limit]
    tasks = [read_task(row, 1) for row in page]
    attempts = await db.fetch(statement("attempts"), [task.spec.id for task in tasks])
    more = str(page[-1][0]) if page and len(rows) > limit else None
    return Export(tasks, [Attempt._make(row) for row in attempts], more)


async def restore(db: Connection, tasks: Sequence[Task], attempts: Sequence[Attempt]) -> list[str]:
    """The queues must be known."""
    if not tasks:
        return []
    ids = [spec.id for spec, _ in tasks]
    async with db.transaction():
        there = dict(await db.fetch(statement("versions"), ids))
        await _update(db, [task for task in tasks if task.spec.id in there])
        await insert(db, [task for task in tasks if task.spec.id not in there])
        now = dict(await db.fetch(statement("versions"), ids))
        refused = {spec.id for spec, head in tasks if now.get(spec.id, 0) < head.version}
        kept = [attempt for attempt in attempts if attempt.task_id not in refused]
        await db.execute(statement("restore_attempts"), *columns(kept, Attempt._fields))
    return [id for id in ids if id in refused]


async def _update(db: Connection, tasks: Sequence[Task]) -> None:
    """Keys are given up before they are taken; one that another holds refuses its task alone."""
    await _write(db, [task for task in tasks if task.head.hold is None])
    for task in tasks:
        if task.head.hold is not None:
            try:
                async with db.transaction():
                    await _write(db, [task])
            except UniqueViolationError:
                continue
    given = [(spec.id, head.version, spec.parameters) for spec, head in tasks]
    await db.executemany(statement("restore_parameters"), given)


async def _write(db: Connection, tasks: Sequence[Task]) -> None:
    rows = sorted((spec.id, *head) for spec, head in tasks)
    await db.execute(statement("restore"), *columns(rows, DECISION))
