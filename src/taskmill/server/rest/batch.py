"""/api/tasks/batch: many tasks in one call, each accepted or refused for itself."""

import functools
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from taskmill.core.errors import TaskmillError, TooLarge
from taskmill.server.rest.decoding import Body
from taskmill.server.rest.http import HttpCall, Reply, Route, ok
from taskmill.server.rest.problems import ProblemView, problem
from taskmill.server.rest.tasks import DRAFT, REFUSALS
from taskmill.service import views


class BatchBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """Up to 10 000 tasks."""

    tasks: list[views.Draft]


@functools.cache
def _body(most: int) -> Body[Struct]:
    """Reads `{"tasks": […]}` up to one task too many; of a list, msgspec would make them all before one can count."""
    places = [(f"task_{index}", Raw, Raw()) for index in range(most + 1)]
    tasks = msgspec.defstruct("Tasks", places, array_like=True)
    return Body(msgspec.defstruct("RawBatch", [("tasks", tasks)], forbid_unknown_fields=True))


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


async def create(call: HttpCall) -> Reply:
    limits = call.service.limits

    async def read(item: Raw) -> views.Draft:
        if len(item) > limits.body:
            raise TooLarge(f"the task is over {limits.body:,} bytes, which is the most one may have")
        return await call.read(DRAFT, item)

    [tasks] = msgspec.structs.astuple(await call.body(_body(limits.batch), limits.batch_body))
    items = [item for item in msgspec.structs.astuple(tasks) if item]
    outcome = await call.while_there(call.service.create_batch(items, read, call.header(b"idempotency-key")))
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
