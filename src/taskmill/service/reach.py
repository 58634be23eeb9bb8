"""What a principal reaches that is limited to queues and task types.

Each function gets the service, the principal and the values of a call, and returns the values that go to the service.
A task out of reach is one that is not there; whoever names a queue or a type out of reach is told so.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec

from taskmill.core.access import Principal
from taskmill.core.errors import Forbidden, NotFound, Problem
from taskmill.core.ids import parse as parse_id
from taskmill.engine.live.lookup import not_found
from taskmill.service import views
from taskmill.service.permissions import Reach
from taskmill.service.service import Service

Values = tuple[Any, ...]
T = TypeVar("T")
Narrow = Callable[[Service, Principal, Values], Awaitable[Values]]


async def _task(service: Service, who: Principal, values: Values) -> Values:
    """The first is the id of a task."""
    await _must_reach(service, who, values[0])
    return values


async def _number(service: Service, who: Principal, values: Values) -> Values:
    """The first is the number or the id of a task."""
    await _must_reach(service, who, await service.numbered.id(values[0]))
    return values


async def _beginning(_service: Service, _who: Principal, values: Values) -> Values:
    """The first is the beginning of an id, which could be that of tasks out of reach."""
    if parse_id(values[0]) is None:
        raise NotFound(f"there is no task {values[0][:64]!r}: give the whole id")
    return values


async def _filter(_service: Service, who: Principal, values: Values) -> Values:
    """The first says which tasks."""
    where: views.Where = values[0]
    narrowed = msgspec.structs.replace(
        where,
        queue=_within("$.queue", where.queue, who.queues, "queues"),
        task_type=_within("$.task_type", where.task_type, who.task_types, "task types"),
    )
    return narrowed, *values[1:]


async def _events(_service: Service, who: Principal, values: Values) -> Values:
    """The first two are queues and task types."""
    queues, task_types, *rest = values
    return (
        _within("$.queue", queues, who.queues, "queues"),
        _within("$.task_type", task_types, who.task_types, "task types"),
        *rest,
    )


async def _draft(service: Service, who: Principal, values: Values) -> Values:
    await _must_take(service, who, values[0])
    return values


async def _batch(service: Service, who: Principal, values: Values) -> Values:
    """The second reads a draft."""
    items, read, *rest = values

    async def read_and_check(item: Any) -> views.Draft:
        draft: views.Draft = await read(item)
        await _must_take(service, who, draft)
        return draft

    return items, read_and_check, *rest


async def _queue(_service: Service, who: Principal, values: Values) -> Values:
    """The first is the name of a queue, which may hold tasks of every type."""
    _within("queue", values[0], who.queues, "queues")
    if who.task_types is not None:
        raise Forbidden(f"{who.name} is limited to task types, and a queue has those of all")
    return values


async def _whole(_service: Service, who: Principal, _values: Values) -> Values:
    raise Forbidden(f"{who.name} is limited to some queues or task types, and this is about all of them")


async def _as_given(_service: Service, _who: Principal, values: Values) -> Values:
    return values


NARROW: dict[Reach, Narrow] = {
    "task": _task,
    "number": _number,
    "beginning": _beginning,
    "filter": _filter,
    "events": _events,
    "draft": _draft,
    "batch": _batch,
    "queue": _queue,
    "whole": _whole,
    "listed": _as_given,
    "open": _as_given,
}


def listed(who: Principal, view: Any) -> Any:
    """Of what was listed, that which is in reach. Raises NotFound for one thing that is not."""
    match view:
        case views.Queues():
            view.queues = [queue for queue in view.queues if who.has_queue(queue.name)]
        case views.TaskTypes():
            view.task_types = [one for one in view.task_types if who.reaches(one.queue, one.name)]
        case views.TaskTypeView() if not who.reaches(view.queue, view.name):
            raise NotFound(f"there is no task type {view.name!r} within the reach of {who.name}")
    return view


async def _must_reach(service: Service, who: Principal, id: str) -> None:
    spec = await service.spec(id)
    if not who.reaches(spec.queue, spec.task_type):
        raise not_found(spec.id)


async def _must_take(service: Service, who: Principal, draft: views.Draft) -> None:
    _within("$.task_type", draft.task_type, who.task_types, "task types")
    queue = draft.queue or (await service.task_type(draft.task_type)).queue
    _within("$.queue", queue, who.queues, "queues")


def _within(path: str, named: str | Sequence[str], allowed: frozenset[str] | None, what: str) -> list[str]:
    """Those that were named, or all that are allowed where none was."""
    names = [named] if isinstance(named, str) else list(named)
    if allowed is None:
        return names
    outside = [name for name in names if name not in allowed]
    if outside:
        why = f"{outside[0]!r} is not one of the {what} that are allowed: {', '.join(sorted(allowed))}"
        raise Forbidden(f"{path}: {why}", problems=[Problem(path, why)])
    return names or sorted(allowed)
