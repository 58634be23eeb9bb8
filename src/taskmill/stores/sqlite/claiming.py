"""claim and reclaim: pick, then move, in one transaction. Nothing to pick is found by a plain read, without a lock."""

from collections.abc import Collection
from typing import Any

from taskmill.core.task import Claim
from taskmill.stores.clock import microseconds
from taskmill.stores.contract import ClaimQuery
from taskmill.stores.sqlite import codec
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.statements import statement

FOREVER = 2**63 - 1


def claim(db: Database, owner: str, lease: int, query: ClaimQuery, now: int | None) -> list[Claim]:
    if query.limit <= 0 or not db.one(statement("any_ready"), {"queues": codec.array(query.queues)}):
        return []
    with db.hasty:
        return start(db, owner, lease, query, now)


def start(db: Database, owner: str, lease: int, query: ClaimQuery, now: int | None) -> list[Claim]:
    """Within a transaction: ready → running."""
    # Ready implies due; only `ready_for` looks at the time.
    limit, queues, ids, ready_for = query
    moment = microseconds() if now is None else now
    values = {
        "queues": codec.array(queues),
        "owner": owner,
        "until": moment + lease,
        "now": moment,
        "due": moment - ready_for if ready_for else FOREVER,
        "limit": limit,
    }
    if ids is None:
        return take(db, "pick_by_queue", "start", values)
    return take(db, "pick_by_id", "start", values | {"ids": codec.array(ids)})


def reclaim(db: Database, owner: str, lease: int, limit: int, dead: Collection[str], now: int | None) -> list[Claim]:
    moment = microseconds() if now is None else now
    pick = "pick_dead" if dead else "pick_expired"
    values: dict[str, Any] = {"owner": owner, "until": moment + lease, "now": moment, "limit": max(0, limit)}
    if dead:
        values["dead"] = codec.array(dead)
    if db.one(statement(pick), values)[0] == "[]":
        return []
    with db.hasty:
        return take(db, pick, "take_over", values)


def take(db: Database, pick: str, move: str, values: dict[str, Any]) -> list[Claim]:
    """Within a transaction: `pick` gives the rows and, as they will be, the claims; `move` makes them so."""
    seqs, claims = db.one(statement(pick), values)
    if seqs == "[]":
        return []
    db.execute(statement(move), values | {"seqs": seqs})
    return codec.claims(claims)
