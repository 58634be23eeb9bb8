"""For people: find, count, attempts, stats, waiting.

Flat at any size: no filter, states, a key. Without an index, and so reading on from the newest task until a page is
full: queues, task types, priorities, tags, times of creation, an own pair.
"""

from collections.abc import Sequence
from typing import Any

from taskmill.core.state import State
from taskmill.core.task import Attempt
from taskmill.stores.contract import Page, Stats, TaskFilter, Waiting
from taskmill.stores.cursors import NEWEST, position
from taskmill.stores.postgres.database import Connection
from taskmill.stores.postgres.statements import TASK, read_task, statement

_ANY_OF = {
    "queues": "queue = ANY({}::text[])",
    "task_types": "task_type = ANY({}::text[])",
    "priorities": "priority = ANY({}::smallint[])",
}
_COLUMNS = f"seq, {', '.join(TASK)}"
_PICK = f"SELECT {_COLUMNS} FROM taskmill.task WHERE {{}} ORDER BY seq {{}} LIMIT {{}}"


async def find(db: Connection, where: TaskFilter, limit: int, cursor: str | None = None) -> Page:
    query, values = picks(where, position(cursor), limit + 1)
    rows = await db.fetch(query, *values)
    page = rows[:limit]
    return Page([read_task(row, 1) for row in page], str(page[-1][0]) if page and len(rows) > limit else None)


async def ids_between(db: Connection, first: str, last: str, limit: int) -> list[str]:
    return [id for (id,) in await db.fetch(statement("ids_between"), first, last, limit)]


async def count(db: Connection, where: TaskFilter, limit: int) -> int:
    query, values = picks(where, NEWEST, limit)
    [found] = await db.fetchrow(statement("count", picks=query), *values)
    return int(found)


async def attempts(db: Connection, id: str) -> list[Attempt]:
    return [Attempt._make(row) for row in await db.fetch(statement("attempts"), [id])]


async def stats(db: Connection) -> Stats:
    counted = dict(await db.fetch(statement("stats")))
    [oldest] = await db.fetchrow(statement("oldest_ready"))
    return Stats({state: counted.get(state, 0) for state in State}, oldest)


async def waiting(db: Connection) -> list[Waiting]:
    return [Waiting._make(row) for row in await db.fetch(statement("waiting"))]


def picks(where: TaskFilter, before: int, limit: int) -> tuple[str, list[Any]]:
    """The query for matching tasks, newest first, and its values. Its rows: the age, then the columns of a task."""
    values: list[Any] = []

    def value(given: Any) -> str:
        values.append(given)
        return f"${len(values)}"

    most = f"{value(limit)}::bigint"
    conditions = [f"seq < {value(before)}::bigint", *_conditions(where, value)]
    if where.key is None:
        return _merged(where.states or tuple(State), conditions, "DESC", most), values
    states = f"state = ANY({value(list(where.states or State))}::text[])"
    return _PICK.format(" AND ".join([f"key = {value(where.key)}", states, *conditions]), "DESC", most), values


def oldest(after: int, limit: int) -> tuple[str, int, int]:
    """The query for the next few of all tasks, and its values."""
    return _merged(tuple(State), ["seq > $1::bigint"], "ASC", "$2::bigint"), after, limit


def _merged(states: Sequence[State], conditions: list[str], order: str, most: str) -> str:
    """Each state is read in order from the index."""
    picks = [[f"state = '{State(state)}'", *conditions] for state in dict.fromkeys(states)]
    parts = [_PICK.format(" AND ".join(pick), order, most) for pick in picks]
    if len(parts) == 1:
        return parts[0]
    union = " UNION ALL ".join(f"({part})" for part in parts)
    return f"{union} ORDER BY seq {order} LIMIT {most}"


def _conditions(where: TaskFilter, value: Any) -> list[str]:
    found = [
        term.format(value(list(getattr(where, field)))) for field, term in _ANY_OF.items() if getattr(where, field)
    ]
    if where.tags:
        found.append(f"tags::jsonb ?& {value(list(where.tags))}::text[]")
    if where.meta is not None:
        name, text = where.meta
        found.append(f"meta::jsonb ->> {value(name)}::text = {value(text)}::text")
    if where.created_after is not None:
        found.append(f"created_at > {value(where.created_after)}")
    if where.created_before is not None:
        found.append(f"created_at < {value(where.created_before)}")
    return found
