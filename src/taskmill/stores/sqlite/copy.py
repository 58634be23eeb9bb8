"""export and restore: tasks as they are, from one store to another."""

from collections.abc import Sequence
from itertools import chain

from taskmill.core.task import Attempt, Task
from taskmill.stores.contract import Export
from taskmill.stores.cursors import position
from taskmill.stores.sqlite import statements
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.statements import array, chunks, statement
from taskmill.stores.sqlite.tasks import insert

flat = chain.from_iterable


def export(db: Database, limit: int, cursor: str | None = None) -> Export:
    values = {"after": position(cursor, first=0), "limit": limit + 1}
    rows = statements.numbered(db.one(statement("export"), values))
    page = rows[:limit]
    ids = array(task.spec.id for _, task in page)
    attempts = statements.attempts(db.one(statement("attempts"), {"ids": ids}))
    return Export([task for _, task in page], attempts, str(page[-1][0]) if page and len(rows) > limit else None)


def restore(db: Database, tasks: Sequence[Task], attempts: Sequence[Attempt]) -> list[str]:
    if not tasks:
        return []
    ids = {"ids": array(spec.id for spec, _ in tasks)}
    with db.durable:
        there = statements.numbers(db.one(statement("versions"), ids))
        _update(db, [task for task in tasks if task.spec.id in there])
        db.execute(statement("add_queues"), {"names": array({spec.queue for spec, _ in tasks})})
        insert(db, [task for task in tasks if task.spec.id not in there])
        now = statements.numbers(db.one(statement("versions"), ids))
        refused = [spec.id for spec, head in tasks if now.get(spec.id, 0) < head.version]
        for some in chunks([attempt for attempt in attempts if attempt.task_id not in refused]):
            db.execute(statement("add_attempts", len(some)), tuple(flat(some)))
    return refused


def _update(db: Database, tasks: Sequence[Task]) -> None:
    """Keys are given up before they are taken, and one that another task holds refuses its own row alone."""
    without_key = [(spec.id, *head) for spec, head in tasks if head.hold is None]
    with_key = [(spec.id, *head) for spec, head in tasks if head.hold is not None]
    for some in chain(chunks(without_key), ([row] for row in with_key)):
        db.execute(statement("restore", len(some)), tuple(flat(some)))
    for spec, head in tasks:
        values = {"id": spec.id, "version": head.version, "parameters": spec.parameters}
        db.execute(statement("restore_parameters"), values)
