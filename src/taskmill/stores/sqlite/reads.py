"""For people: find, count, attempts, stats.

Flat at any size: no filter, states, a key. Without an index, and so reading on from the newest task until a page is
full: queues, task types, priorities, tags, times of creation.
"""

from typing import Any

from taskmill.core.state import State
from taskmill.core.task import Attempt
from taskmill.stores.contract import Filter, Page, Stats
from taskmill.stores.cursors import NEWEST, position
from taskmill.stores.sqlite import codec
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.filters import picks
from taskmill.stores.sqlite.statements import statement

FEW = 2_000
"""So many ready tasks are sorted by age; among more of them, the newest tasks of all are looked through."""


def find(db: Database, where: Filter, limit: int, cursor: str | None) -> Page:
    before = position(cursor)
    values: dict[str, Any] = {"before": before, "limit": limit + 1}
    picked = picks(where, values, few_ready=_few_ready(db, where))
    rows = codec.numbered(db.one(statement("find", picks=picked), values))
    page = rows[:limit]
    return Page([task for _, task in page], str(page[-1][0]) if page and len(rows) > limit else None)


def count(db: Database, where: Filter, limit: int) -> int:
    values: dict[str, Any] = {"before": NEWEST, "limit": limit}
    return int(db.one(statement("count", picks=picks(where, values, few_ready=True)), values))


def attempts(db: Database, id: str) -> list[Attempt]:
    return codec.attempts(db.one(statement("attempts"), {"id": id}))


def stats(db: Database) -> Stats:
    counted = codec.numbers(db.one(statement("stats")))
    return Stats({state: counted.get(state, 0) for state in State}, db.one(statement("oldest_ready")))


def _few_ready(db: Database, where: Filter) -> bool:
    return State.READY in where.states and db.one(statement("few_ready"), {"few": FEW}) < FEW
