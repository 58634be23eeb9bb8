"""add: insert what is new, tell what was there."""

from collections.abc import Sequence
from itertools import chain

from taskmill.core.task import Task
from taskmill.stores.sqlite import codec
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.statements import chunks, statement

WIDTH = 25
ONE = statement("add", 1, WIDTH)


def add(db: Database, tasks: Sequence[Task]) -> dict[int, str]:
    # A lone task of a known queue, the common case, is one statement without a transaction around it.
    if len(tasks) == 1:
        spec, head = tasks[0]
        if spec.queue in db.queues and db.durable.alone(ONE, spec + head):
            return {}
    return _add_all(db, tasks)


def _add_all(db: Database, tasks: Sequence[Task]) -> dict[int, str]:
    new = {spec.queue for spec, _ in tasks} - db.queues
    with db.durable:
        if new:
            db.execute(statement("add_queues"), {"names": codec.array(new)})
        inserted = sum(_insert(db, some) for some in chunks(tasks))
        there = {} if inserted == len(tasks) else _there(db, tasks, inserted)
    db.queues |= new
    return there


def _insert(db: Database, tasks: Sequence[Task]) -> int:
    row = chain.from_iterable
    db.execute(statement("add", len(tasks), WIDTH), tuple(row(row(tasks))))
    return db.changes()


def _there(db: Database, tasks: Sequence[Task], inserted: int) -> dict[int, str]:
    """Which of the batch were not inserted, and what stood in their way: the insert once more, in thought."""
    ids = {"ids": codec.array(spec.id for spec, _ in tasks)}
    holds = {"holds": codec.array(head.hold for _, head in tasks if head.hold is not None)}
    # Rows that one transaction inserts have the highest ages, without a gap.
    new = set(codec.words(db.one(statement("newest"), {"count": inserted})))
    present = set(codec.words(db.one(statement("known"), ids))) - new
    holders = codec.holders(db.one(statement("holders"), holds))
    there: dict[int, str] = {}
    for position, (spec, head) in enumerate(tasks):
        holder = spec.id if head.hold is None else holders.get(head.hold, spec.id)
        if spec.id in present:
            there[position] = spec.id
        elif holder != spec.id:
            there[position] = holder
        else:
            present.add(spec.id)
    return there
