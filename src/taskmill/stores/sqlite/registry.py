"""What lives beside tasks: workers, task types, queues; and the sign that the file can be written."""

from collections.abc import Sequence
from itertools import chain

from taskmill.core import times
from taskmill.stores.contract import QueueRow, TaskTypeRow, WorkerRow
from taskmill.stores.sqlite import statements
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.statements import array, chunks, statement


def put_worker(db: Database, row: WorkerRow) -> None:
    db.hasty.alone(statement("put_worker", 1), row._replace(seen_at=times.now()))


def drop_worker(db: Database, id: str) -> None:
    db.hasty.alone(statement("drop_worker"), {"id": id})


def workers(db: Database) -> list[WorkerRow]:
    return statements.workers(db.one(statement("workers")))


def put_task_types(db: Database, rows: Sequence[TaskTypeRow]) -> None:
    seen = [row._replace(seen_at=times.now()) for row in rows]
    with db.durable:
        db.execute(statement("add_queues"), {"names": array({row.queue for row in rows})})
        for some in chunks(seen):
            db.execute(statement("put_task_types", len(some)), tuple(chain.from_iterable(some)))


def task_types(db: Database) -> list[TaskTypeRow]:
    return statements.task_types(db.one(statement("task_types")))


def queues(db: Database) -> list[QueueRow]:
    return statements.queues(db.one(statement("queues")))


def pause(db: Database, queue: str, paused: bool) -> None:
    db.durable.alone(statement("pause"), {"name": queue, "paused": paused})


def ping(db: Database) -> int:
    now = times.now()
    db.durable.alone(statement("ping"), {"now": now})
    return now
