"""The verbs by which a task lives: one statement each where that can be, for batches of any length."""

from collections.abc import Collection, Sequence
from typing import Any

import asyncpg

from taskmill.core.state import State
from taskmill.core.task import Attempt, Claim, Decision, Task
from taskmill.stores.contract import Beat, ClaimQuery, Promoted, Promotion
from taskmill.stores.postgres import statements
from taskmill.stores.postgres.database import Connection
from taskmill.stores.postgres.statements import DECISION, TASK, Pick, columns, read_claim, read_task, statement

BULK = 20
"""Tasks from which on COPY is faster than INSERT: of a thousand, each costs half as much."""
ROUNDS = 3
"""Claimers that want the same few tasks of one queue at the same moment look again for others, so often at most."""


async def add(db: asyncpg.Connection, tasks: Sequence[Task]) -> dict[int, str]:
    """Outside of a transaction. The queues must be known."""
    if len(tasks) == 1:
        [(spec, head)] = tasks
        if await db.execute(statement("add_one"), *spec, *head) == "INSERT 0 1":
            return {}
    elif len(tasks) >= BULK:
        rows = [spec + head for spec, head in tasks]
        try:
            await db.copy_records_to_table("task", schema_name="taskmill", columns=TASK, records=rows)
        except asyncpg.UniqueViolationError:  # COPY takes all or none
            pass
        else:
            return {}
    return await add_in_transaction(db, tasks)


async def add_in_transaction(db: Connection, tasks: Sequence[Task]) -> dict[int, str]:
    """Goes on in the caller's transaction, if there is one. The queues must be known."""
    there: dict[int, str] = {}
    left = dict(enumerate(tasks))
    while left:
        given = list(left.values())
        count, ids, holds = await insert(db, given)
        if count == len(given):
            break
        looked_for = [spec.id for spec, _ in given], [head.hold for _, head in given if head.hold]
        found = dict(await db.fetch(statement("in_the_way"), *looked_for))
        met = _there(left, set(zip(ids or (), holds or (), strict=True)), found)
        there |= {position: id for position, id in met.items() if id}
        # A task whose id or key was in the way and is gone meanwhile: once more.
        left = {position: left[position] for position, id in met.items() if not id}
    return there


async def insert(db: Connection, tasks: Sequence[Task]) -> Any:
    """Those that nothing stands in the way of: how many and, unless it is all, their ids and their keys."""
    rows = [spec + head for spec, head in tasks]
    return await db.fetchrow(statement("add"), *columns(rows, TASK))


def _there(
    tasks: dict[int, Task], inserted: set[tuple[str, str | None]], found: dict[str, str | None]
) -> dict[int, str]:
    """By position, what was there; an empty id where it is gone by now. The insert is gone through once more.

    `inserted`: ids and keys of new tasks; `found`: those of all that stand in the way now.
    """
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


async def get(db: Connection, ids: Sequence[str]) -> dict[str, Task]:
    if not ids:
        return {}
    return {row[0]: read_task(row) for row in await db.fetch(statement("get"), ids)}


async def expired(db: Connection, limit: int, now: int | None = None) -> list[Task]:
    return [read_task(row) for row in await db.fetch(statement("expired"), limit, now)]


async def claim(db: Connection, owner: str, lease: int, query: ClaimQuery, now: int | None = None) -> list[Claim]:
    if _asks_for_nothing(query):
        return []
    limit, queues, ids, ready_for, task_types, priority, _ = query
    if (
        limit == 1
        and priority is not None
        and queues is not None
        and len(queues) == 1
        and ids is None
        and not ready_for
    ):
        types = None if task_types is None else list(task_types)
        rows = await db.fetch(statement("claim_first"), owner, lease, now, *queues, priority, types)
        return [read_claim(row) for row in rows]
    claims: list[Claim] = []
    for _ in range(ROUNDS):
        rows = await db.fetch(statements.claim(_pick(query)), *_claim_values(owner, lease, query, now))
        claims += _claims(rows)
        if not _may_have_more(query, rows[0][1], limit - len(claims)):
            break
        query = query._replace(limit=limit - len(claims))
    return claims


def _asks_for_nothing(query: ClaimQuery) -> bool:
    limit, queues, ids, *_ = query
    return limit <= 0 or (queues is not None and not queues) or (ids is not None and not ids)


def _pick(query: ClaimQuery) -> Pick:
    return "with_pick_by_queue" if query.ids is None else "with_pick_by_id"


def _claim_values(owner: str, lease: int, query: ClaimQuery, now: int | None) -> tuple[Any, ...]:
    limit, queues, ids, ready_for, task_types, priority, after = query
    served = None if queues is None else list(queues)
    types = None if task_types is None else list(task_types)
    values = owner, lease, limit, served, ready_for, now, types, priority
    return *values, after if ids is None else list(ids)


def _claims(rows: Sequence[Any]) -> list[Claim]:
    """There is always a row, if only to say that there is no claim."""
    return [read_claim(row, 2) for row in rows if row[2] is not None]


def _may_have_more(query: ClaimQuery, found: int, left: int) -> bool:
    """Whether others may be there in place of some that were found, but that somebody took meanwhile."""
    return found >= query.limit and left > 0


async def reclaim(
    db: Connection, owner: str, lease: int, limit: int, *, dead: Collection[str] = (), now: int | None = None
) -> list[Claim]:
    rows = await db.fetch(statement("reclaim"), owner, lease, max(0, limit), list(dead), now)
    return [read_claim(row) for row in rows]


async def extend(db: Connection, owner: str, beats: Sequence[Beat], lease: int, now: int | None = None) -> list[str]:
    if not beats:
        return []
    values = columns(sorted(beats), Beat._fields)
    renewed = {id for (id,) in await db.fetch(statement("extend"), *values, owner, lease, now)}
    return [beat.id for beat in beats if beat.id not in renewed]


async def sustain(db: Connection, owner: str, lease: int, now: int | None = None) -> None:
    await db.execute(statement("sustain"), owner, lease, now)


async def save(db: Connection, decisions: Sequence[Decision]) -> list[str]:
    if not decisions:
        return []
    try:
        [stale] = await db.fetchrow(statements.save(), *_decision_values(decisions))
    except asyncpg.UniqueViolationError:
        stale = await _save_apart(db, decisions)
    return _in_order(decisions, stale)


async def turn(
    db: Connection, owner: str, decisions: Sequence[Decision], lease: int, query: ClaimQuery, now: int | None = None
) -> tuple[list[str], list[Claim]]:
    # A statement does not see what itself makes ready.
    if not decisions or _asks_for_nothing(query) or any(decision.head.state is State.READY for decision in decisions):
        return await save(db, decisions), await claim(db, owner, lease, query, now)
    values = *_claim_values(owner, lease, query, now), *_decision_values(decisions)
    try:
        rows = await db.fetch(statements.turn(_pick(query)), *values)
    except asyncpg.UniqueViolationError:
        return await save(db, decisions), await claim(db, owner, lease, query, now)
    stale, found, *_ = rows[0]
    claims = _claims(rows)
    left = query.limit - len(claims)
    if _may_have_more(query, found, left):
        claims += await claim(db, owner, lease, query._replace(limit=left), now)
    return _in_order(decisions, stale), claims


def _decision_values(decisions: Sequence[Decision]) -> list[Sequence[Any]]:
    """Keys are given up before they are taken; apart from that in the order of ids, in which all lock rows."""
    ordered = sorted(decisions, key=lambda decision: (decision.head.hold is not None, decision.id))
    rows = [(id, *head) for id, head, _ in ordered]
    ended = [decision.attempt for decision in ordered if decision.attempt is not None]
    return columns(rows, DECISION) + columns(ended, Attempt._fields)


def _in_order(decisions: Sequence[Decision], stale: Sequence[str] | None) -> list[str]:
    if not stale:
        return []
    late = set(stale)
    return [decision.id for decision in decisions if decision.id in late]


async def _save_apart(db: Connection, decisions: Sequence[Decision]) -> list[str]:
    """Another task holds a key: each that wants one by itself, so that it alone is refused. Keys are given up first."""
    stale = await save(db, [decision for decision in decisions if decision.head.hold is None])
    for decision in decisions:
        if decision.head.hold is None:
            continue
        try:
            [refused] = await db.fetchrow(statements.save(), *_decision_values([decision]))
        except asyncpg.UniqueViolationError:
            refused = [decision.id]
        stale += refused or []
    return stale


async def promote(db: Connection, limit: int, now: int | None = None) -> Promoted:
    due, moment = await db.fetchrow(statement("next_due"), now)
    if due is None or due > moment or limit <= 0:
        return Promoted([], due)
    tasks = [Promotion._make(row) for row in await db.fetch(statement("promote"), limit, moment)]
    due, _ = await db.fetchrow(statement("next_due"), now)
    return Promoted(tasks, due)


async def purge(
    db: Connection, limit: int, *, states: Collection[State], before: int, ids: Collection[str] | None = None
) -> int:
    values = max(0, limit), list(states), before
    if ids is None:
        [count] = await db.fetchrow(statements.purge("with_finished"), *values)
    else:
        [count] = await db.fetchrow(statements.purge("with_finished_by_id"), *values, list(ids))
    return int(count)
