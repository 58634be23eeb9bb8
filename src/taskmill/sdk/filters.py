"""Which tasks: the conditions that Python code gives, checked, as the filter of a store."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from taskmill.core.errors import InvalidRequest
from taskmill.core.state import FINAL, State
from taskmill.core.suggest import near_names
from taskmill.core.task import Priority, PriorityWord
from taskmill.core.times import from_datetime
from taskmill.sdk import options
from taskmill.stores.contract import TaskFilter

UNFINISHED = tuple(state for state in State if state not in FINAL)


class Conditions(TypedDict, total=False):
    """Every condition that is given must hold."""

    state: State | str | Sequence[State | str]
    queue: str | Sequence[str]
    task_type: str | Sequence[str]
    priority: Priority | PriorityWord | Sequence[Priority | PriorityWord]
    tag: str | Sequence[str]
    """All of them."""
    key: str
    created_after: datetime
    created_before: datetime
    meta: Mapping[str, str | int | float | bool]
    """One pair."""


def read(where: Conditions) -> TaskFilter:
    """Raises InvalidRequest."""
    if unknown := sorted(where.keys() - Conditions.__annotations__):
        conditions = ", ".join(Conditions.__annotations__)
        hint = near_names(unknown[0], Conditions.__annotations__) or f"conditions are {conditions}"
        raise InvalidRequest(f"there is no condition '{unknown[0]}'", hint=hint)
    key = where.get("key")
    return TaskFilter(
        tuple(_state(value) for value in _values(where.get("state"))),
        tuple(options.name(value, "queue") for value in _values(where.get("queue"))),
        tuple(options.name(value, "task type") for value in _values(where.get("task_type"))),
        tuple(options.priority(value) for value in _values(where.get("priority"))),
        tuple(options.name(value, "tag") for value in _values(where.get("tag"))),
        None if key is None else options.name(key, "key"),
        _moment(where.get("created_after"), "created_after"),
        _moment(where.get("created_before"), "created_before"),
        _pair(where.get("meta")),
    )


def _pair(pairs: Mapping[str, str | int | float | bool] | None) -> tuple[str, str] | None:
    if pairs is None:
        return None
    options.pairs(pairs)
    if len(pairs) != 1:
        raise InvalidRequest(f"meta {dict(pairs)!r} must be one pair")
    [(name, value)] = pairs.items()
    return name, value if isinstance(value, str) else json.dumps(value)


def bulk(where: Conditions, states: tuple[State, ...], all: bool) -> TaskFilter:
    """`states`: when none are given. Raises InvalidRequest, also for no condition at all, unless `all` is meant."""
    filter = read(where)
    if filter == TaskFilter() and not all:
        raise InvalidRequest("no condition was given, which would match every task", hint="all=True means it")
    return filter if filter.states else filter._replace(states=states)


def limit(value: int | None) -> int | None:
    """Raises InvalidRequest."""
    if value is not None and (type(value) is not int or value < 1):
        raise InvalidRequest(f"limit {value!r} must be a whole number from 1, or None for all")
    return value


def _values(given: Any) -> Sequence[Any]:
    """An empty list is no condition, as it is on every face."""
    if given is None:
        return ()
    return tuple(dict.fromkeys(given)) if isinstance(given, list | tuple | set | frozenset) else (given,)


def _state(value: Any) -> State:
    try:
        return State(value)
    except ValueError:
        raise InvalidRequest(f"state {value!r} must be one of {', '.join(State)}") from None


def _moment(value: object, what: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidRequest(
            f"{what}={value!r} is not a datetime with a time zone", hint="for example datetime.now(UTC) - timedelta(1)"
        )
    return from_datetime(value)
