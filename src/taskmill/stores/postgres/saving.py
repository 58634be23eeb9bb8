"""save, turn and extend: many rows in one statement, each fenced by its version."""

from collections.abc import Sequence
from typing import Any

from asyncpg import UniqueViolationError

from taskmill.core.state import State
from taskmill.core.task import Attempt, Claim, Decision, Head
from taskmill.stores.contract import Beat
from taskmill.stores.postgres import codec, statements
from taskmill.stores.postgres.claiming import Wanted, claim, read
from taskmill.stores.postgres.connection import Connection
from taskmill.stores.postgres.statements import statement


async def save(db: Connection, decisions: Sequence[Decision]) -> list[str]:
    if not decisions:
        return []
    try:
        [stale] = await db.fetchrow(statements.save(), *_values(decisions))
    except UniqueViolationError:
        return _in_order(decisions, await _save_apart(db, decisions))
    return _in_order(decisions, stale)


async def turn(db: Connection, decisions: Sequence[Decision], wanted: Wanted) -> tuple[list[str], list[Claim]]:
    # A statement does not see what itself makes ready.
    if wanted.nothing or not decisions or any(decision.head.state is State.READY for decision in decisions):
        return await save(db, decisions), [] if wanted.nothing else await claim(db, wanted)
    try:
        rows = await db.fetch(statements.turn(wanted.pick), *wanted.values(), *_values(decisions))
    except UniqueViolationError:
        return await save(db, decisions), await claim(db, wanted)
    stale, found, *_ = rows[0]
    claims = read(rows)
    if wanted.more(found, len(claims)):
        claims += await claim(db, wanted)
    return _in_order(decisions, stale), claims


async def extend(db: Connection, owner: str, beats: Sequence[Beat], lease: int, now: int | None) -> list[str]:
    if not beats:
        return []
    columns = codec.columns(sorted(beats), len(Beat._fields))
    renewed = {id for (id,) in await db.fetch(statement("extend"), *columns, owner, lease, now)}
    return [beat.id for beat in beats if beat.id not in renewed]


async def _save_apart(db: Connection, decisions: Sequence[Decision]) -> list[str]:
    """A key is held by another: each that wants one by itself, so that it alone is refused. Keys are given up first."""
    free = [decision for decision in decisions if decision.head.hold is None]
    stale = await save(db, free)
    for decision in decisions:
        if decision.head.hold is None:
            continue
        try:
            [refused] = await db.fetchrow(statements.save(), *_values([decision]))
        except UniqueViolationError:
            refused = [decision.id]
        stale += refused or []
    return stale


def _values(decisions: Sequence[Decision]) -> list[Sequence[Any]]:
    """Keys are given up before they are taken; apart from that in the order of ids, in which all lock rows."""
    ordered = sorted(decisions, key=lambda decision: (decision.head.hold is not None, decision.id))
    rows = [(id, *head) for id, head, _ in ordered]
    ended = [decision.attempt for decision in ordered if decision.attempt is not None]
    return codec.columns(rows, 1 + len(Head._fields)) + codec.columns(ended, len(Attempt._fields))


def _in_order(decisions: Sequence[Decision], stale: Sequence[str] | None) -> list[str]:
    if not stale:
        return []
    late = set(stale)
    return [decision.id for decision in decisions if decision.id in late]
