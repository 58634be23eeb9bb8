"""A filter of the contract as a query for its tasks, newest first."""

from collections.abc import Sequence
from typing import Any

from taskmill.core.state import State
from taskmill.core.task import Head, Spec
from taskmill.stores.contract import Filter

_ANY_OF = {
    "queues": "queue = ANY({}::text[])",
    "task_types": "task_type = ANY({}::text[])",
    "priorities": "priority = ANY({}::smallint[])",
}
_COLUMNS = f"seq, {', '.join(Spec._fields + Head._fields)}"
_PICK = f"SELECT {_COLUMNS} FROM taskmill.task WHERE {{}} ORDER BY seq {{}} LIMIT {{}}"


def picks(where: Filter, before: int, limit: int) -> tuple[str, list[Any]]:
    """The query and its values. Its rows: the age, then the columns of a task."""
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


def _conditions(where: Filter, value: Any) -> list[str]:
    found = [
        term.format(value(list(getattr(where, field)))) for field, term in _ANY_OF.items() if getattr(where, field)
    ]
    if where.tags:
        found.append(f"tags::jsonb ?& {value(list(where.tags))}::text[]")
    if where.created_after is not None:
        found.append(f"created_at > {value(where.created_after)}")
    if where.created_before is not None:
        found.append(f"created_at < {value(where.created_before)}")
    return found
