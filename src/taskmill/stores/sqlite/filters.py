"""A filter of the contract as a query for the ages of its tasks, newest first."""

import json
from typing import Any

from taskmill.core.state import State
from taskmill.stores.contract import Filter

_ANY_OF = {"queues": "queue", "task_types": "task_type", "priorities": "priority"}
_COMPARED = {"created_after": "created_at > :created_after", "created_before": "created_at < :created_before"}
_PICK = "SELECT seq FROM task{index} WHERE {conditions} ORDER BY seq DESC LIMIT :limit"


def picks(where: Filter, values: dict[str, Any], *, few_ready: bool) -> str:
    """The query; its parameters are put into `values`, which has `before` and `limit` already."""
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


def _conditions(where: Filter, values: dict[str, Any]) -> list[str]:
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
    for field, condition in _COMPARED.items():
        if getattr(where, field) is not None:
            values[field] = getattr(where, field)
            found.append(condition)
    return found
