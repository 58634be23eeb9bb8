"""From the filter that people write to the filter that stores read."""

from collections.abc import Iterable

from taskmill.core import limits
from taskmill.core.errors import Problem
from taskmill.core.state import State
from taskmill.core.task import PRIORITIES
from taskmill.service.admission import parse_time, placed, refuse
from taskmill.service.views import Where
from taskmill.stores.contract import Filter

STATES = tuple(State)
MOST = 100
"""Values per condition."""


def to_filter(where: Where) -> Filter:
    """Raises InvalidRequest with a problem per condition."""
    states, queues, task_types = many(where.state), many(where.queue), many(where.task_type)
    priorities, tags = many(where.priority), many(where.tag)
    problems = [
        *_unknown("$.state", states, STATES),
        *_unknown("$.priority", priorities, PRIORITIES),
        *_names("$.queue", queues),
        *_names("$.task_type", task_types),
        *_names("$.tag", tags),
        *_names("$.key", () if where.key is None else (where.key,)),
    ]
    refuse(problems)
    return Filter(
        tuple(State(state) for state in states),
        queues,
        task_types,
        tuple(PRIORITIES[priority] for priority in priorities),
        tags,
        where.key,
        _time("$.created_after", where.created_after),
        _time("$.created_before", where.created_before),
    )


def many(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(dict.fromkeys(value))


def _unknown(path: str, given: tuple[str, ...], known: Iterable[str]) -> list[Problem]:
    words = tuple(known)
    return [Problem(path, f"{word[:64]!r} is not one of {', '.join(words)}") for word in given if word not in words]


def _names(path: str, names: tuple[str, ...]) -> list[Problem]:
    if len(names) > MOST:
        return [Problem(path, f"must be at most {MOST} names")]
    return [problem for name in names for problem in placed(path, limits.name(name))]


def _time(path: str, text: str | None) -> int | None:
    return None if text is None else parse_time(path, text)
