"""At the door: a draft becomes a task that any store can hold and any worker can run, or is refused with reasons."""

import json
from collections.abc import Iterator

from taskmill.core.errors import InvalidRequest, Problem
from taskmill.core.task import SECOND, Priority, Spec
from taskmill.engine.enqueue import Request
from taskmill.engine.ids import parse as parse_id
from taskmill.engine.ids import uuid7
from taskmill.server import times
from taskmill.server.limits import TEN_YEARS, Limits, check_name
from taskmill.server.parameters import check_schema, to_json
from taskmill.server.task_types import TaskType, TaskTypes
from taskmill.server.views import Draft

PRIORITIES = {"high": Priority.HIGH, "normal": Priority.NORMAL, "low": Priority.LOW}


async def admit(draft: Draft, task_types: TaskTypes, limits: Limits, id: str | None = None) -> Request:
    """`id` is the one to take unless the draft has its own. Raises InvalidRequest with a problem per field."""
    refuse(list(_problems(draft, limits)))
    task_type = await task_types.get(draft.task_type)
    parameters = to_json(draft.parameters, limits)
    check_schema(draft.parameters, task_type.validator, task_type.names)
    now = times.now()
    return Request(_spec(draft, task_type, parameters, _id(draft, id), now), _run_at(draft, now))


def refuse(problems: list[Problem]) -> None:
    if problems:
        path, message = problems[0]
        raise InvalidRequest(f"{path} {message}", problems=problems)


def _spec(draft: Draft, task_type: TaskType, parameters: str, id: str, now: int) -> Spec:
    return Spec(
        id,
        task_type.row.name,
        draft.queue or task_type.row.queue,
        parameters,
        PRIORITIES[draft.priority],
        task_type.attempt_limit if draft.retries is None else draft.retries + 1,
        task_type.retry,
        task_type.timeout if draft.timeout is None else round(draft.timeout * SECOND),
        draft.key,
        tags_json(draft),
        now,
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


def _run_at(draft: Draft, now: int) -> int | None:
    """None is now; so is a time that has passed, lest it overtake those that were there before."""
    if draft.delay is not None:
        at = now + round(draft.delay * SECOND)
    elif draft.run_at is not None:
        at = times.parse("$.run_at", draft.run_at)
        if at - now > TEN_YEARS * SECOND:
            refuse([Problem("$.run_at", "must be within the next ten years")])
    else:
        return None
    return at if at > now else None


def _problems(draft: Draft, limits: Limits) -> Iterator[Problem]:
    if draft.priority not in PRIORITIES:
        yield Problem("$.priority", "must be high, normal or low")
    if draft.queue is not None:
        yield from check_name("$.queue", draft.queue)
    if draft.key is not None:
        yield from check_name("$.key", draft.key)
    if draft.tags:
        yield from _tag_problems(draft.tags, limits)
    if draft.delay is not None or draft.run_at is not None:
        yield from _start_problems(draft)
    if draft.timeout is not None and not 0.001 <= draft.timeout <= TEN_YEARS:
        yield Problem("$.timeout", "must be seconds, from 0.001 to ten years")
    if draft.retries is not None and not 0 <= draft.retries <= limits.retries:
        yield Problem("$.retries", f"must be 0 to {limits.retries}")


def _start_problems(draft: Draft) -> Iterator[Problem]:
    if draft.delay is not None and draft.run_at is not None:
        yield Problem("$.run_at", "cannot go together with delay; give one of them")
    if draft.delay is not None and not 0 <= draft.delay <= TEN_YEARS:
        yield Problem("$.delay", "must be seconds, from 0 to ten years")


def _tag_problems(tags: list[str], limits: Limits) -> Iterator[Problem]:
    if len(tags) > limits.tags:
        yield Problem("$.tags", f"must be at most {limits.tags}")
    for index, tag in enumerate(tags[: limits.tags]):
        yield from check_name(f"$.tags[{index}]", tag)
