"""export and restore: tasks as they are, from one store to another."""

from collections.abc import Sequence
from itertools import chain

from taskmill.core.task import Attempt, Task
from taskmill.stores.copying import Export
from taskmill.stores.cursors import position
from taskmill.stores.sqlite import codec
from taskmill.stores.sqlite.adding import WIDTH
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.statements import chunks, statement

flat = chain.from_iterable


def export(db: Database, limit: int, cursor: str | None) -> Export:
    values = {"after": position(cursor, first=0), "limit": limit + 1}
    rows = codec.numbered(db.one(statement("export"), values))
    page = rows[:limit]
    ids = codec.array(task.spec.id for _, task in page)
    attempts = codec.attempts(db.one(statement("attempts_of"), {"ids": ids}))
    return Export([task for _, task in page], attempts, str(page[-1][0]) if page and len(rows) > limit else None)


def restore(db: Database, tasks: Sequence[Task], attempts: Sequence[Attempt]) -> list[str]:
    if not tasks:
        return []
    ids = {"ids": codec.array(spec.id for spec, _ in tasks)}
    with db.durable:
        there = codec.numbers(db.one(statement("versions"), ids))
        _update(db, [task for task in tasks if task.spec.id in there])
        _insert(db, [task for task in tasks if task.spec.id not in there])
        now = codec.numbers(db.one(statement("versions"), ids))
        refused = [spec.id for spec, head in tasks if now.get(spec.id, 0) < head.version]
        for some in chunks([attempt for attempt in attempts if attempt.task_id not in refused]):
            db.execute(statement("restore_attempts", len(some), len(Attempt._fields)), tuple(flat(some)))
    return refused


def _update(db: Database, tasks: Sequence[Task]) -> None:
    """Keys are given up before they are taken."""
    free = [(spec.id, *head) for spec, head in tasks if head.hold is None]
    held = [(spec.id, *head) for spec, head in tasks if head.hold is not None]
    for some in chain(chunks(free), ([row] for row in held)):
        db.execute(statement("restore", len(some), 15), tuple(flat(some)))


def _insert(db: Database, tasks: Sequence[Task]) -> None:
    db.execute(statement("add_queues"), {"names": codec.array({spec.queue for spec, _ in tasks})})
    for some in chunks(tasks):
        db.execute(statement("add", len(some), WIDTH), tuple(flat(flat(some))))
