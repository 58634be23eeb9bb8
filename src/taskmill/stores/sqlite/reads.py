"""For people: find, count, attempts, stats, waiting.

Flat at any size: no filter, states, a key. Without an index, and so reading on from the newest task until a page is
full: queues, task types, priorities, tags, times of creation, an own pair.
"""

import json
from typing import Any

from taskmill.core.state import State
from taskmill.core.task import Attempt
from taskmill.stores.contract import Page, Stats, TaskFilter, Waiting
from taskmill.stores.cursors import NEWEST, position
from taskmill.stores.sqlite import statements
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.statements import array, statement

FEW = 2_000
"""So many ready tasks are sorted by age; among more of them, the newest tasks of all are looked through."""
_ANY_OF = {"queues": "queue", "task_types": "task_type", "priorities": "priority"}
_COMPARED = {"created_after": "created_at > :created_after", "created_before": "created_at < :created_before"}
_PICK = "SELECT seq FROM task{index} WHERE {conditions} ORDER BY seq DESC LIMIT :limit"


def find(db: Database, where: TaskFilter, limit: int, cursor: str | None = None) -> Page:
    before = position(cursor)
    values: dict[str, Any] = {"before": before, "limit": limit + 1}
    few_ready = State.READY in where.states and db.one(statement("few_ready"), {"few": FEW}) < FEW
    picked = picks(where, values, few_ready=few_ready)
    rows = statements.numbered(db.one(statement("find", picks=picked), values))
    page = rows[:limit]
    return Page([task for _, task in page], str(page[-1][0]) if page and len(rows) > limit else None)


def ids_between(db: Database, first: str, last: str, limit: int) -> list[str]:
    found: list[str] = json.loads(db.one(statement("ids_between"), {"first": first, "last": last, "limit": limit}))
    return found


def count(db: Database, where: TaskFilter, limit: int) -> int:
    values: dict[str, Any] = {"before": NEWEST, "limit": limit}
    return int(db.one(statement("count", picks=picks(where, values, few_ready=True)), values))


def attempts(db: Database, id: str) -> list[Attempt]:
    return statements.attempts(db.one(statement("attempts"), {"ids": array([id])}))


def stats(db: Database) -> Stats:
    counted = statements.numbers(db.one(statement("stats")))
    return Stats({state: counted.get(state, 0) for state in State}, db.one(statement("oldest_ready")))


def waiting(db: Database) -> list[Waiting]:
    return statements.waiting(db.one(statement("waiting")))


def picks(where: TaskFilter, values: dict[str, Any], *, few_ready: bool) -> str:
    """The query for the ages of matching tasks, newest first.

    Its parameters are put into `values`, which has `before` and `limit` already.
    """
    common = ["seq < :before", *_conditions(where, values)]
    if not where.states:
        return _pick(common)
    parts = [_pick([*_in_state(state), *common], _index(state, few_ready)) for state in dict.fromkeys(where.states)]
    if len(parts) == 1:
        return parts[0]
    # Each state is read newest first from its own index; what is merged is a page of each.
    union = " UNION ALL ".join(f"SELECT seq FROM ({part})" for part in parts)
    return f"SELECT seq FROM ({union}) ORDER BY seq DESC LIMIT :limit"


def _pick(conditions: list[str], index: str = "") -> str:
    return _PICK.format(index=index, conditions=" AND ".join(conditions))


def _in_state(state: State) -> list[str]:
    return ["state = 'ready'"] if state is State.READY else [f"state = '{State(state)}'", "state <> 'ready'"]


def _index(state: State, few_ready: bool) -> str:
    if state is State.READY:
        return " INDEXED BY ready" if few_ready else " NOT INDEXED"
    return " INDEXED BY by_state"


def _conditions(where: TaskFilter, values: dict[str, Any]) -> list[str]:
    found = []
    for field, column in _ANY_OF.items():
        if getattr(where, field):
            values[field] = json.dumps(getattr(where, field))
            found.append(f"+{column} IN (SELECT value FROM json_each(:{field}))")
    if where.tags:
        values["tags"] = json.dumps(where.tags)
        found.append(
            "NOT EXISTS (SELECT value FROM json_each(:tags) EXCEPT SELECT value FROM json_each(coalesce(tags, '[]')))"
        )
    if where.key is not None:
        values["key"] = where.key
        found.append("key = :key")
    if where.meta is not None:
        name, values["meta_value"] = where.meta
        values["meta_path"] = f'$."{name}"'
        found.append("meta -> :meta_path IN (:meta_value, json_quote(:meta_value))")
    for field, condition in _COMPARED.items():
        if getattr(where, field) is not None:
            values[field] = getattr(where, field)
            found.append(condition)
    return found
