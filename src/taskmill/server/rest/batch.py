"""/api/tasks/batch: many tasks in one call, each accepted or refused for itself."""

from typing import Annotated

from msgspec import Meta, Raw, Struct

from taskmill.core.errors import TaskmillError
from taskmill.server.rest.decoding import Body
from taskmill.server.rest.http import HttpCall, Reply, Route, ok
from taskmill.server.rest.problems import ProblemView, problem
from taskmill.server.rest.tasks import DRAFT, REFUSALS
from taskmill.service import views


class BatchBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """Up to 10 000 tasks."""

    tasks: list[views.Draft]


class RawBatch(Struct, kw_only=True, forbid_unknown_fields=True):
    tasks: list[Raw]


class BatchItem(Struct, kw_only=True, omit_defaults=True):
    """What came of one draft: a task or a problem."""

    index: Annotated[int, Meta(description="Its place in the batch, from 0.")]
    task: views.Created | None = None
    problem: ProblemView | None = None


class BatchResult(Struct, kw_only=True):
    """What came of a batch."""

    created: int
    existing: Annotated[int, Meta(description="Were there already, by id, key or Idempotency-Key.")]
    refused: int
    results: list[BatchItem]


BODY = Body(RawBatch)


async def create(call: HttpCall) -> Reply:
    batch = (await call.body(BODY, call.service.limits.batch_body)).tasks
    outcome = await call.service.create_batch(batch, DRAFT.read, call.header(b"idempotency-key"))
    results = [_item(index, result) for index, result in enumerate(outcome.results)]
    view = BatchResult(created=outcome.created, existing=outcome.existing, refused=outcome.refused, results=results)
    return ok(view, 207 if outcome.refused else 200)


def _item(index: int, result: views.Created | TaskmillError) -> BatchItem:
    if isinstance(result, views.Created):
        return BatchItem(index=index, task=result)
    view = problem(result)
    for finding in view.errors:  # whose paths start at the batch: `$.tasks[3].parameters.to`
        finding.path = finding.path.replace("$", f"$.tasks[{index}]", 1)
    return BatchItem(index=index, problem=view)


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
