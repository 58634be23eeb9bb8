"""Which tasks: from the filters that people write to those of stores and feeds; and one action on all that match."""

import json
from collections.abc import Awaitable, Callable, Sequence

from taskmill.core import limits, meta
from taskmill.core.errors import InvalidRequest
from taskmill.core.ids import parse as parse_id
from taskmill.core.state import State
from taskmill.core.task import PRIORITIES
from taskmill.engine.client.control import Verdict, matching
from taskmill.engine.notifier import Notifier
from taskmill.feeds.contract import EventFilter
from taskmill.service.admission import RequestCheck, parse_time
from taskmill.service.views import Bulk, BulkResult, Refused, Where
from taskmill.stores.contract import TaskFilter

STATES = tuple(State)
MOST = 100
"""Values per condition."""
MATCHED = 10_000_000
"""Tasks of one bulk action."""
REFUSED_SHOWN = 100
Control = Callable[[Notifier, Sequence[str]], Awaitable[list[Verdict]]]


def to_filter(where: Where) -> TaskFilter:
    """Raises InvalidRequest with a problem per condition."""
    states, queues, task_types = _values(where.state), _values(where.queue), _values(where.task_type)
    priorities, tags = _values(where.priority), _values(where.tag)
    check = RequestCheck()
    for path, words, known in (("$.state", states, STATES), ("$.priority", priorities, tuple(PRIORITIES))):
        for word in words[:MOST]:
            check.add(path, None if word in known else f"{word[:64]!r} is not one of {', '.join(known)}")
    for path, names in (("$.queue", queues), ("$.task_type", task_types), ("$.tag", tags)):
        check.add(path, f"must be at most {MOST} names" if len(names) > MOST else None)
        for name in names[:MOST]:
            check.add(path, limits.name(name))
    if where.key is not None:
        check.add("$.key", limits.name(where.key))
    if where.meta:
        check.add("$.meta", "must be one pair" if len(where.meta) > 1 else None)
        if found := meta.wrong(where.meta):
            check.add(f"$.meta.{found[0]}", found[1])
    check.end()
    return TaskFilter(
        tuple(State(state) for state in states),
        queues,
        task_types,
        tuple(PRIORITIES[priority] for priority in priorities),
        tags,
        where.key,
        None if where.created_after is None else parse_time("$.created_after", where.created_after),
        None if where.created_before is None else parse_time("$.created_before", where.created_before),
        next(((name, _text(value)) for name, value in where.meta.items()), None),
    )


def to_event_filter(queues: Sequence[str], task_types: Sequence[str], ids: Sequence[str]) -> EventFilter:
    """Raises InvalidRequest with a problem per condition."""
    check = RequestCheck()
    for path, values in (("$.id", ids), ("$.queue", queues), ("$.task_type", task_types)):
        check.add(path, f"must be at most {MOST}" if len(values) > MOST else None)
    parsed = [parse_id(id) for id in ids[:MOST]]
    for id in parsed:
        check.add("$.id", None if id else "is not a UUID")
    for path, names in (("$.queue", queues), ("$.task_type", task_types)):
        for name in names[:MOST]:
            check.add(path, limits.name(name))
    check.end()
    return EventFilter(
        frozenset(id for id in parsed if id) or None, frozenset(queues) or None, frozenset(task_types) or None
    )


async def act(notifier: Notifier, control: Control, where: Bulk, states: tuple[State, ...]) -> BulkResult:
    """One action on every task that matches. `states` are those acted on when the filter gives none.

    It goes page by page: each page is stored before the next is read.
    """
    filter = to_filter(where)
    if filter == TaskFilter() and not where.all:
        raise InvalidRequest("the filter is empty, which would match every task", hint='send "all": true to mean it')
    filter = filter if filter.states else filter._replace(states=states)
    if where.dry_run:
        return BulkResult(matched=await notifier.store.count(filter, MATCHED), done=0, dry_run=True, refused=[])
    result = BulkResult(matched=0, done=0, dry_run=False, refused=[])
    async for ids in matching(notifier.store, filter, MATCHED):
        verdicts = await control(notifier, ids)
        refused = [Refused(id=verdict.id, reason=verdict.reason) for verdict in verdicts if not verdict.done]
        result.matched += len(verdicts)
        result.done += len(verdicts) - len(refused)
        result.refused.extend(refused[: REFUSED_SHOWN - len(result.refused)])
    return result


def _text(value: meta.Value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _values(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(dict.fromkeys(value))
