"""The verbs by which a task lives: many rows in few statements, and whatever writes fenced by a state or a version.

A verb that may find nothing to do looks before it writes, without a lock: idle workers keep nobody waiting.
"""

from collections.abc import Collection, Sequence
from itertools import chain

from taskmill.core import times
from taskmill.core.state import State
from taskmill.core.task import Claim, Decision, Task
from taskmill.stores.contract import Beat, ClaimQuery, Promoted
from taskmill.stores.sqlite import statements
from taskmill.stores.sqlite.database import Database, Transaction
from taskmill.stores.sqlite.statements import array, chunks, statement

FOREVER = 2**63 - 1
ADD_ONE = statement("add", 1)
flat = chain.from_iterable


def add(db: Database, tasks: Sequence[Task]) -> dict[int, str]:
    # A lone task of a known queue, the common case, is one statement without a transaction around it.
    if len(tasks) == 1:
        spec, head = tasks[0]
        if spec.queue in db.queues and db.durable.alone(ADD_ONE, spec + head):
            return {}
    new = {spec.queue for spec, _ in tasks} - db.queues
    with db.durable:
        if new:
            db.execute(statement("add_queues"), {"names": array(new)})
        inserted = insert(db, tasks)
        there = {} if inserted == len(tasks) else _there(db, tasks, inserted)
    db.queues |= new
    return there


def insert(db: Database, tasks: Sequence[Task]) -> int:
    """Within a transaction: those that nothing stands in the way of. Returns how many; their queues must be known."""
    inserted = 0
    for some in chunks(tasks):
        db.execute(statement("add", len(some)), tuple(flat(flat(some))))
        inserted += db.changes()
    return inserted


def _there(db: Database, tasks: Sequence[Task], inserted: int) -> dict[int, str]:
    """Which of the batch were not inserted, and what stood in their way: the insert is gone through once more."""
    ids = {"ids": array(spec.id for spec, _ in tasks)}
    holds = {"holds": array(head.hold for _, head in tasks if head.hold is not None)}
    # Rows that one transaction inserts have the highest ages, without a gap.
    new = set(statements.words(db.one(statement("newest"), {"count": inserted})))
    present = set(statements.words(db.one(statement("known"), ids))) - new
    holders = statements.holders(db.one(statement("holders"), holds))
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


def get(db: Database, ids: Sequence[str]) -> dict[str, Task]:
    found = statements.tasks(db.one(statement("get"), {"ids": array(ids)}))
    return {task.spec.id: task for task in found}


def expired(db: Database, limit: int, now: int | None = None) -> list[Task]:
    moment = times.now() if now is None else now
    return statements.tasks(db.one(statement("expired"), {"now": moment, "limit": limit}))


def claim(db: Database, owner: str, lease: int, query: ClaimQuery, now: int | None = None) -> list[Claim]:
    asked = {"queues": array(query.queues), "types": array(query.task_types)}
    if query.limit <= 0 or not db.one(statement("any_ready"), asked):
        return []
    with db.hasty:
        return _start(db, owner, lease, query, now)


def _start(db: Database, owner: str, lease: int, query: ClaimQuery, now: int | None) -> list[Claim]:
    """Within a transaction: ready → running. What picks the rows gives the claims as they will be."""
    limit, queues, ids, ready_for, task_types, priority, after = query
    moment = times.now() if now is None else now
    values = {
        "queues": array(queues),
        "types": array(task_types),
        "priorities": "[1, 2, 3]" if priority is None else f"[{priority}]",
        "after": after,
        "owner": owner,
        "until": moment + lease,
        "now": moment,
        "due": moment - ready_for if ready_for else FOREVER,  # ready implies due
        "limit": limit,
    }
    if ids is None:
        seqs, claims = db.one(statement("pick_by_queue"), values)
    else:
        seqs, claims = db.one(statement("pick_by_id"), values | {"ids": array(ids)})
    if seqs == "[]":
        return []
    db.execute(statement("start"), values | {"seqs": seqs})
    return statements.claims(claims)


def reclaim(
    db: Database, owner: str, lease: int, limit: int, *, dead: Collection[str] = (), now: int | None = None
) -> list[Claim]:
    moment = times.now() if now is None else now
    values = {"owner": owner, "until": moment + lease, "now": moment, "limit": max(0, limit)}
    if dead:
        pick, values["dead"] = statement("pick_dead"), array(dead)
    else:
        pick = statement("pick_expired")
    if db.one(pick, values)[0] == "[]":
        return []
    with db.hasty:
        seqs, claims = db.one(pick, values)
        db.execute(statement("take_over"), values | {"seqs": seqs})
    return statements.claims(claims)


def extend(db: Database, owner: str, beats: Sequence[Beat], lease: int, now: int | None = None) -> list[str]:
    if not beats:
        return []
    until = (times.now() if now is None else now) + lease
    with db.hasty:
        renewed = 0
        for some in chunks(beats):
            db.execute(statement("extend", len(some)), (until, *flat(some), owner))
            renewed += db.changes()
        if renewed == len(beats):
            return []
        owned = statements.pairs(db.one(statement("owned"), {"ids": array(beat.id for beat in beats), "owner": owner}))
    return [beat.id for beat in beats if (beat.id, beat.version) not in owned]


def sustain(db: Database, owner: str, lease: int, now: int | None = None) -> None:
    moment = times.now() if now is None else now
    with db.hasty:
        db.execute(statement("sustain"), {"owner": owner, "until": moment + lease})
        db.execute(statement("seen"), {"owner": owner, "now": moment})


def save(db: Database, decisions: Sequence[Decision]) -> list[str]:
    if not decisions:
        return []
    with db.durable as transaction:
        return _save(db, transaction, decisions)


def turn(
    db: Database, owner: str, decisions: Sequence[Decision], lease: int, query: ClaimQuery, now: int | None = None
) -> tuple[list[str], list[Claim]]:
    if not decisions:
        return [], claim(db, owner, lease, query, now)
    with db.durable as transaction:
        stale = _save(db, transaction, decisions)
        return stale, _start(db, owner, lease, query, now) if query.limit > 0 else []


def _save(db: Database, transaction: Transaction, decisions: Sequence[Decision]) -> list[str]:
    stale: list[str] = []
    if _update(db, decisions) != len(decisions):
        # Which ones is not to be seen any more: a late rival has written the very version that we wanted to.
        transaction.again()
        decisions, stale = _save_apart(db, decisions)
    ended = [decision.attempt for decision in decisions if decision.attempt is not None]
    for some in chunks(ended):
        db.execute(statement("add_attempts", len(some)), tuple(flat(some)))
    return stale


def _save_apart(db: Database, decisions: Sequence[Decision]) -> tuple[list[Decision], list[str]]:
    """The saved and the ids of the others. Keys are given up before they are taken."""
    ids = {"ids": array(decision.id for decision in decisions)}
    stored = statements.numbers(db.one(statement("versions"), ids))
    fresh = [decision for decision in decisions if stored.get(decision.id) == decision.head.version - 1]
    without_key = [decision for decision in fresh if decision.head.hold is None]
    _update(db, without_key)
    with_key = [decision for decision in fresh if decision.head.hold is not None and _update(db, [decision])]
    saved = {decision.id for decision in without_key + with_key}
    return without_key + with_key, [decision.id for decision in decisions if decision.id not in saved]


def _update(db: Database, decisions: Sequence[Decision]) -> int:
    """Writes each head whose stored version is one less; returns how many were."""
    updated = 0
    for some in chunks(decisions):
        db.execute(statement("save", len(some)), tuple(flat([(id, *head) for id, head, _ in some])))
        updated += db.changes()
    return updated


def promote(db: Database, limit: int, now: int | None = None) -> Promoted:
    moment = times.now() if now is None else now
    due = db.one(statement("next_due"))
    if due is None or due > moment or limit <= 0:
        return Promoted([], due)
    with db.durable:
        seqs, promotions = db.one(statement("pick_due"), {"now": moment, "limit": limit})
        db.execute(statement("promote"), {"seqs": seqs})
        due = db.one(statement("next_due"))
    return Promoted(statements.promotions(promotions), due)


def purge(
    db: Database, limit: int, *, states: Collection[State], before: int, ids: Collection[str] | None = None
) -> int:
    values = {"states": array(states), "before": before, "limit": max(0, limit)}
    if ids is None:
        pick = statement("pick_finished")
    else:
        pick, values["ids"] = statement("pick_finished_by_id"), array(ids)
    if not db.one(pick, values)[2]:
        return 0
    with db.durable:
        seqs, gone, count = db.one(pick, values)
        db.execute(statement("purge_attempts"), {"ids": gone})
        db.execute(statement("purge"), {"seqs": seqs})
    return int(count)
