"""What lives beside tasks: workers, task types, queues; the clock, and the sign that the database can be written."""

from collections.abc import Collection, Sequence

from taskmill.stores.contract import QueueRow, TaskTypeRow, WorkerRow
from taskmill.stores.postgres.database import Connection
from taskmill.stores.postgres.statements import columns, statement


async def put_worker(db: Connection, row: WorkerRow) -> None:
    values = row._asdict()
    del values["seen_at"]
    await db.execute(statement("put_worker"), *values.values())


async def drop_worker(db: Connection, id: str) -> None:
    await db.execute(statement("drop_worker"), id)


async def workers(db: Connection) -> list[WorkerRow]:
    return [WorkerRow._make(row) for row in await db.fetch(statement("workers"))]


async def put_task_types(db: Connection, rows: Sequence[TaskTypeRow]) -> None:
    if rows:
        await add_queues(db, {row.queue for row in rows})
        *values, _ = columns(rows, TaskTypeRow._fields)  # seen_at is the store's
        await db.execute(statement("put_task_types"), *values)


async def task_types(db: Connection) -> list[TaskTypeRow]:
    return [TaskTypeRow._make(row) for row in await db.fetch(statement("task_types"))]


async def queues(db: Connection) -> list[QueueRow]:
    return [QueueRow._make(row) for row in await db.fetch(statement("queues"))]


async def add_queues(db: Connection, names: Collection[str]) -> None:
    await db.execute(statement("add_queues"), sorted(names))


async def pause(db: Connection, queue: str, paused: bool) -> None:
    await db.execute(statement("pause"), queue, paused)


async def clock(db: Connection) -> int:
    [now] = await db.fetchrow(statement("clock"))
    return int(now)


async def ping(db: Connection) -> int:
    [now] = await db.fetchrow(statement("ping"))
    return int(now)
