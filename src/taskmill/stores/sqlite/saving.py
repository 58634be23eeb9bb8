"""save and extend: many rows in few statements, each fenced by its version."""

from collections.abc import Sequence
from itertools import chain

from taskmill.core.task import Claim, Decision
from taskmill.stores.clock import microseconds
from taskmill.stores.contract import Beat, ClaimQuery
from taskmill.stores.sqlite import codec
from taskmill.stores.sqlite.claiming import claim, start
from taskmill.stores.sqlite.database import Database, Writing
from taskmill.stores.sqlite.statements import chunks, statement

flat = chain.from_iterable


def save(db: Database, decisions: Sequence[Decision]) -> list[str]:
    if not decisions:
        return []
    with db.durable as writing:
        return _save(db, writing, decisions)


def turn(
    db: Database, owner: str, decisions: Sequence[Decision], lease: int, query: ClaimQuery, now: int | None
) -> tuple[list[str], list[Claim]]:
    if not decisions:
        return [], claim(db, owner, lease, query, now)
    with db.durable as writing:
        stale = _save(db, writing, decisions)
        if query.limit <= 0:
            return stale, []
        return stale, start(db, owner, lease, query, now)


def extend(db: Database, owner: str, beats: Sequence[Beat], lease: int, now: int | None) -> list[str]:
    if not beats:
        return []
    until = (microseconds() if now is None else now) + lease
    with db.hasty:
        if sum(_extend(db, owner, some, until) for some in chunks(beats)) == len(beats):
            return []
        values = {"ids": codec.array(beat.id for beat in beats), "owner": owner}
        owned = codec.pairs(db.one(statement("owned"), values))
    return [beat.id for beat in beats if beat[:2] not in owned]


def _extend(db: Database, owner: str, beats: Sequence[Beat], until: int) -> int:
    db.execute(statement("extend", len(beats), 3), (until, *flat(beats), owner))
    return db.changes()


def _save(db: Database, writing: Writing, decisions: Sequence[Decision]) -> list[str]:
    stale: list[str] = []
    if _write(db, decisions) != len(decisions):
        # Which ones is not to be seen any more: a late rival has written the very version that we wanted to.
        writing.again()
        decisions, stale = _save_apart(db, decisions)
    ended = [decision.attempt for decision in decisions if decision.attempt is not None]
    for some in chunks(ended):
        db.execute(statement("add_attempts", len(some), 9), tuple(flat(some)))
    return stale


def _save_apart(db: Database, decisions: Sequence[Decision]) -> tuple[list[Decision], list[str]]:
    """The saved and the ids of the others. Keys are given up before they are taken."""
    ids = {"ids": codec.array(decision.id for decision in decisions)}
    stored = codec.numbers(db.one(statement("versions"), ids))
    fresh = [decision for decision in decisions if stored.get(decision.id) == decision.head.version - 1]
    free = [decision for decision in fresh if decision.head.hold is None]
    _write(db, free)
    held = [decision for decision in fresh if decision.head.hold is not None and _write(db, [decision])]
    saved = {decision.id for decision in free + held}
    return free + held, [decision.id for decision in decisions if decision.id not in saved]


def _write(db: Database, decisions: Sequence[Decision]) -> int:
    return sum(_update(db, some) for some in chunks(decisions))


def _update(db: Database, decisions: Sequence[Decision]) -> int:
    rows = [(id, *head) for id, head, _ in decisions]
    db.execute(statement("save", len(rows), 15), tuple(flat(rows)))
    return db.changes()
