"""At the door: a draft becomes a task that any store can hold and any worker can run, or is refused with reasons."""

import json
from collections.abc import Iterator
from datetime import datetime

from taskmill.core import limits, machine
from taskmill.core.errors import InvalidRequest, Problem
from taskmill.core.ids import parse as parse_id
from taskmill.core.ids import uuid7
from taskmill.core.task import PRIORITIES, SECOND, Spec, Task
from taskmill.core.times import from_datetime, iso, now
from taskmill.service.parameters import check_schema, to_json
from taskmill.service.task_types import TaskType, TaskTypes
from taskmill.service.views import Draft


async def admit(draft: Draft, task_types: TaskTypes, id: str | None = None) -> Task:
    """`id` is the one to take unless the draft has its own. Raises InvalidRequest with a problem per field."""
    refuse(list(_problems(draft)))
    task_type = await task_types.get(draft.task_type)
    parameters = to_json(draft.parameters)
    check_schema(draft.parameters, task_type.validator, task_type.names)
    at = now()
    spec = _spec(draft, task_type, parameters, _id(draft, id), at)
    return Task(spec, machine.create(spec, at, _run_at(draft, at)))


def refuse(problems: list[Problem]) -> None:
    if problems:
        path, message = problems[0]
        raise InvalidRequest(f"{path} {message}", problems=problems)


def _spec(draft: Draft, task_type: TaskType, parameters: str, id: str, created_at: int) -> Spec:
    return Spec(
        id,
        task_type.row.name,
        draft.queue or task_type.row.queue,
        parameters,
        task_type.priority if draft.priority is None else PRIORITIES[draft.priority],
        task_type.attempt_limit if draft.retries is None else draft.retries + 1,
        task_type.retry,
        task_type.timeout if draft.timeout is None else round(draft.timeout * SECOND),
        draft.key,
        tags_json(draft),
        created_at,
    )


def tags_json(draft: Draft) -> str | None:
    return json.dumps(list(dict.fromkeys(draft.tags)), ensure_ascii=False) if draft.tags else None


def _id(draft: Draft, id: str | None) -> str:
    if draft.id is None:
        return id or uuid7()
    own = parse_id(draft.id)
    if own is None:
        refuse([Problem("$.id", "must be a UUID")])
    if id is not None:
        refuse([Problem("$.id", "cannot go together with an Idempotency-Key, which makes the id")])
    assert own is not None
    return own


def _run_at(draft: Draft, created_at: int) -> int | None:
    """None is now; so is a time that has passed, lest it overtake those that were there before."""
    if draft.delay is not None:
        at = created_at + round(draft.delay * SECOND)
    elif draft.run_at is not None:
        at = parse_time("$.run_at", draft.run_at)
        refuse(placed("$.run_at", limits.start((at - created_at) / SECOND)))
    else:
        return None
    return at if at > created_at else None


def parse_time(path: str, text: str) -> int:
    """ISO 8601 with an offset. Raises InvalidRequest that names `path`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _no_time(path, "is not an ISO 8601 time") from None
    if at.tzinfo is None:
        raise _no_time(path, "has no offset from UTC: end it with Z, or with one like +02:00")
    return from_datetime(at)


def _no_time(path: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{path} {why}", problems=[Problem(path, f"{why}; a right one is {iso(now())}")])


def placed(path: str, wrong: str | None) -> list[Problem]:
    return [Problem(path, wrong)] if wrong else []


def _problems(draft: Draft) -> Iterator[Problem]:
    if draft.priority is not None and draft.priority not in PRIORITIES:
        yield Problem("$.priority", "must be high, normal or low")
    if draft.queue is not None:
        yield from placed("$.queue", limits.name(draft.queue))
    if draft.key is not None:
        yield from placed("$.key", limits.name(draft.key))
    if draft.tags:
        yield from _tag_problems(draft.tags)
    if draft.delay is not None or draft.run_at is not None:
        yield from _start_problems(draft)
    if draft.timeout is not None:
        yield from placed("$.timeout", limits.timeout(draft.timeout))
    if draft.retries is not None:
        yield from placed("$.retries", limits.retries(draft.retries))


def _start_problems(draft: Draft) -> Iterator[Problem]:
    if draft.delay is not None and draft.run_at is not None:
        yield Problem("$.run_at", "cannot go together with delay; give one of them")
    if draft.delay is not None:
        yield from placed("$.delay", limits.delay(draft.delay))


def _tag_problems(tags: list[str]) -> Iterator[Problem]:
    yield from placed("$.tags", limits.tag_count(len(tags)))
    for index, tag in enumerate(tags[: limits.TAGS]):
        yield from placed(f"$.tags[{index}]", limits.name(tag))
