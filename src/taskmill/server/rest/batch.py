"""/api/tasks/batch: many tasks in one call, each accepted or refused for itself."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from msgspec import Meta, Raw, Struct

from taskmill.core.errors import InvalidRequest, Problem, TaskmillError
from taskmill.server.decoding import Body
from taskmill.server.rest.tasks import DRAFT, REFUSALS
from taskmill.server.web import Call, Reply, Route, ok
from taskmill.service import faults, views

CHUNK = 500
"""Drafts that are read and stored at a time, so that a big batch does not hold up the other callers."""


class BatchBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """Up to 10 000 tasks."""

    tasks: list[views.Draft]


class RawBatch(Struct, kw_only=True, forbid_unknown_fields=True):
    tasks: list[Raw]


class BatchItem(Struct, kw_only=True, omit_defaults=True):
    """What came of one draft: a task or a problem."""

    index: Annotated[int, Meta(description="Its place in the batch, from 0.")]
    task: views.Created | None = None
    problem: faults.ProblemView | None = None


class BatchResult(Struct, kw_only=True):
    """What came of a batch."""

    created: int
    existing: Annotated[int, Meta(description="Were there already, by id, key or Idempotency-Key.")]
    refused: int
    results: list[BatchItem]


BODY = Body(RawBatch)


async def create(call: Call) -> Reply:
    limits = call.service.limits
    batch = (await call.body(BODY, limits.batch_body)).tasks
    if len(batch) > limits.batch:
        what = f"holds {len(batch)}; at most {limits.batch} are allowed"
        raise InvalidRequest(f"$.tasks {what}", problems=[Problem("$.tasks", what)])
    results: list[BatchItem] = []
    for first in range(0, len(batch), CHUNK):
        results.extend(await _store(call, batch[first : first + CHUNK], first))
    return _answer(results)


async def _store(call: Call, items: Sequence[Raw], first: int) -> list[BatchItem]:
    drafts = [_read(item) for item in items]
    good = {place: draft for place, draft in enumerate(drafts, first) if isinstance(draft, views.Draft)}
    outcomes = await call.service.create_many(list(good.values()), call.header(b"idempotency-key"), list(good))
    found: dict[int, views.Created | TaskmillError] = dict(zip(good, outcomes, strict=True))
    found |= {place: draft for place, draft in enumerate(drafts, first) if isinstance(draft, TaskmillError)}
    return list(_items(found))


def _read(item: Raw) -> views.Draft | TaskmillError:
    try:
        return DRAFT.read(item)
    except TaskmillError as refused:
        return refused


def _items(found: dict[int, views.Created | TaskmillError]) -> Iterator[BatchItem]:
    for index, outcome in sorted(found.items()):
        if isinstance(outcome, TaskmillError):
            yield BatchItem(index=index, problem=_placed(faults.problem(outcome), index))
        else:
            yield BatchItem(index=index, task=outcome)


def _placed(problem: faults.ProblemView, index: int) -> faults.ProblemView:
    """With paths that start at the batch: `$.tasks[3].parameters.to`."""
    for finding in problem.errors:
        finding.path = finding.path.replace("$", f"$.tasks[{index}]", 1)
    return problem


def _answer(results: list[BatchItem]) -> Reply:
    refused = sum(item.problem is not None for item in results)
    created = sum(item.task is not None and item.task.created for item in results)
    existing = len(results) - created - refused
    view = BatchResult(created=created, existing=existing, refused=refused, results=results)
    return ok(view, 207 if refused else 200)


ROUTES = (
    Route(
        "POST",
        "/api/tasks/batch",
        create,
        "Store up to 10 000 tasks, each for itself: 200 when all are stored, 207 when some were refused",
        {200: BatchResult, 207: BatchResult},
        body=BatchBody,
        example={"tasks": [{"task_type": "math", "parameters": {"expression": "1 + 2 * 5"}}]},
        errors=REFUSALS,
        idempotent=True,
    ),
)
