"""At the door: a draft becomes a task that any store can keep and any worker can run, or is refused with reasons."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from taskmill.core import limits, machine, meta
from taskmill.core.errors import Conflict, InvalidRequest, Problem
from taskmill.core.ids import derived, uuid7
from taskmill.core.ids import parse as parse_id
from taskmill.core.task import PRIORITIES, SECOND, Spec, Task
from taskmill.core.times import from_datetime, iso, now
from taskmill.service.aside import BIG, Aside
from taskmill.service.errors import IdempotencyMismatch
from taskmill.service.parameters import check, to_json
from taskmill.service.present import created_view
from taskmill.service.task_types import KnownTaskType, TaskTypeCache
from taskmill.service.views import Created, Draft


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What a request may hold at most; what a task may hold is in core/limits.py."""

    body: int = 2 * 1024 * 1024
    """Bytes."""
    batch_body: int = 32 * 1024 * 1024
    """Bytes."""
    batch: int = 10_000
    """Tasks."""
    page: int = 500
    """Tasks."""
    wait: float = 60.0
    """Seconds."""
    readiness: float = 3.0
    """Seconds; a store that has not answered by then is not ready."""


def is_timed(draft: Draft) -> bool:
    """Whether it has a delay, a start or an expiry: those count by the store's clock."""
    return any(value is not None for value in (draft.delay, draft.run_at, draft.expires, draft.expires_at))


async def admit(
    draft: Draft,
    task_types: TaskTypeCache,
    aside: Aside,
    created_at: int,
    id: str | None = None,
    explain: bool = True,
    origin: Mapping[str, str] | None = None,
) -> Task:
    """`id` is the one to take unless the draft has its own. Raises InvalidRequest with a problem per field.

    `aside`: where big parameters are checked. `created_at`: now, for a timed draft by the store's clock. `explain`:
    False leaves out what is wrong where in parameters, and which names come near. `origin`: who makes it.
    """
    _check(draft)
    task_type = await task_types.get(draft.task_type, explain)
    parameters = to_json(draft.parameters)
    checked = draft.parameters, parameters, task_type.validator, task_type.names, explain
    if len(parameters) < BIG:
        check(*checked)
    else:
        await aside.run(check, *checked)
    spec = _spec(draft, task_type, parameters.decode(), _id(draft, id), created_at, origin)
    run_at = _run_at(draft, created_at)
    expires_at = _expires_at(draft, created_at, created_at if run_at is None else run_at)
    return Task(spec, machine.create(spec, created_at, run_at, expires_at=expires_at))


def refusal(path: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{path} {why}", problems=[Problem(path, why)])


class RequestCheck:
    """Gathers what is wrong with a request, so that all of it is said at once."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def add(self, path: str, wrong: str | None) -> None:
        """`wrong`: what core/limits.py says of the value there, or None."""
        if wrong and len(self._problems) < limits.PROBLEMS:
            self._problems.append(Problem(path, wrong))

    def end(self) -> None:
        """Raises InvalidRequest with a problem per finding."""
        if self._problems:
            path, message = self._problems[0]
            hint = limits.more(self._problems)
            raise InvalidRequest(f"{path} {message}", problems=self._problems, hint=hint)


def _check(draft: Draft) -> None:
    found = RequestCheck()
    if draft.priority is not None and draft.priority not in PRIORITIES:
        found.add("$.priority", "must be high, normal or low")
    if draft.queue is not None:
        found.add("$.queue", limits.name(draft.queue))
    if draft.key is not None:
        found.add("$.key", limits.name(draft.key))
    if draft.tags:
        found.add("$.tags", limits.tag_count(len(draft.tags)))
        for index, tag in enumerate(draft.tags[: limits.TAGS]):
            found.add(f"$.tags[{index}]", limits.name(tag))
    if draft.meta and (wrong := meta.wrong(draft.meta)):
        found.add(f"$.meta.{wrong[0]}", wrong[1])
    if draft.delay is not None:
        if draft.run_at is not None:
            found.add("$.run_at", "cannot go together with delay; give one of them")
        found.add("$.delay", limits.delay(draft.delay))
    if draft.expires is not None:
        if draft.expires_at is not None:
            found.add("$.expires_at", "cannot go together with expires; give one of them")
        found.add("$.expires", limits.expires(draft.expires))
    if draft.timeout is not None:
        found.add("$.timeout", limits.timeout(draft.timeout))
    if draft.retries is not None:
        found.add("$.retries", limits.retries(draft.retries))
    found.end()


def _spec(
    draft: Draft,
    task_type: KnownTaskType,
    parameters: str,
    id: str,
    created_at: int,
    origin: Mapping[str, str] | None,
) -> Spec:
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
        _tags(draft),
        created_at,
        _meta(draft, origin),
    )


def _meta(draft: Draft, origin: Mapping[str, str] | None) -> str | None:
    text = meta.to_json(draft.meta, origin)
    if text is not None and len(text) > meta.SIZE // 4 and len(text.encode()) > meta.SIZE:
        raise refusal("$.meta", f"is over {meta.SIZE:,} bytes of JSON, which is the most")
    return text


def _tags(draft: Draft) -> str | None:
    return json.dumps(list(dict.fromkeys(draft.tags)), ensure_ascii=False) if draft.tags else None


def _id(draft: Draft, id: str | None) -> str:
    if draft.id is None:
        return id or uuid7()
    own = parse_id(draft.id)
    if own is None:
        raise refusal("$.id", "must be a UUID")
    if id is not None:
        raise refusal("$.id", "cannot go together with an Idempotency-Key, which makes the id")
    return own


def _run_at(draft: Draft, created_at: int) -> int | None:
    """None is now; so is a time that has passed, lest it overtake those that were there before."""
    if draft.delay is not None:
        at = created_at + round(draft.delay * SECOND)
    elif draft.run_at is not None:
        at = parse_time("$.run_at", draft.run_at)
        if wrong := limits.start((at - created_at) / SECOND):
            raise refusal("$.run_at", wrong)
    else:
        return None
    return at if at > created_at else None


def _expires_at(draft: Draft, created_at: int, run_at: int) -> int | None:
    if draft.expires is not None:
        path, at = "$.expires", created_at + round(draft.expires * SECOND)
    elif draft.expires_at is not None:
        path, at = "$.expires_at", parse_time("$.expires_at", draft.expires_at)
        if wrong := limits.start((at - created_at) / SECOND):
            raise refusal(path, wrong)
    else:
        return None
    if at <= run_at:
        raise refusal(path, f"is not after the start ({iso(run_at)}), so the task would never run")
    return at


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


def id_for(key: str | None, index: int | None = None) -> str | None:
    """The id that an Idempotency-Key stands for; in a batch, each position has its own. Raises InvalidRequest."""
    if key is None:
        return None
    longest = 2 * limits.NAME_LENGTH
    if not (0 < len(key) <= longest and key.isascii() and key.isprintable()):
        raise refusal("header Idempotency-Key", f"must be 1 to {longest} printable ASCII characters")
    return derived("idempotency", key) if index is None else derived("idempotency-batch", f"{index}\0{key}")


def existing(draft: Draft, id: str | None, found: str, there: dict[str, Task]) -> Created:
    """The task that was there already. `id`: the one that the Idempotency-Key stands for. Raises Conflict."""
    if found not in there:
        raise Conflict("the task that was there has been deleted meanwhile", hint="send it again")
    if found == id:
        check_same(draft, there[found].spec)
    return created_view(there[found], False)


def check_same(draft: Draft, spec: Spec) -> None:
    """Raises IdempotencyMismatch. What the draft leaves to the task type is not compared: its defaults may change."""
    asked = [
        ("task_type", draft.task_type, spec.task_type),
        ("parameters", draft.parameters, json.loads(spec.parameters)),
        ("priority", spec.priority if draft.priority is None else PRIORITIES[draft.priority], spec.priority),
        ("key", draft.key, spec.key),
        ("tags", _tags(draft), spec.tags),
        ("meta", {name: value for name, value in draft.meta.items() if name != meta.TRACE}, meta.own(spec.meta)),
        ("queue", draft.queue or spec.queue, spec.queue),
        ("retries", spec.attempt_limit if draft.retries is None else draft.retries + 1, spec.attempt_limit),
        ("timeout", spec.timeout if draft.timeout is None else round(draft.timeout * SECOND), spec.timeout),
    ]
    other = [name for name, now, before in asked if now != before]
    if other:
        raise IdempotencyMismatch(
            f"this Idempotency-Key came before with other content ({', '.join(other)})",
            hint="take a new key for a new task",
        )
