"""/api/tasks: create, read, wait for, cancel, retry, delete."""

from typing import Annotated

from msgspec import Meta, Struct

from taskmill.core.meta import TRACE, TRACEPARENT
from taskmill.core.state import FINAL, State
from taskmill.server.rest.decoding import Body
from taskmill.server.rest.http import HttpCall, Reply, Route, ok
from taskmill.service import views

DRAFT = Body(views.Draft)
REFUSALS = ("invalid_json", "too_large", "unsupported_media_type", "invalid_request")


class ListQuery(views.Where, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(description="At most 500.")] = 50
    cursor: Annotated[str | None, Meta(description="The `next_cursor` of the page before.")] = None


class WaitQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    wait: Annotated[float, Meta(description="Seconds to wait for the end of the task, at most 60.")] = 0.0


async def create(call: HttpCall) -> Reply:
    draft = await call.body(DRAFT, call.service.limits.body)
    if (trace := call.header(b"traceparent")) and TRACEPARENT.fullmatch(trace):
        draft.meta.setdefault(TRACE, trace)
    created = await call.service.create(draft, call.header(b"idempotency-key"))
    location = ((b"location", b"/api/tasks/" + created.id.encode()),)
    return ok(created, 201 if created.created else 200, location)


async def read(call: HttpCall) -> Reply:
    return ok(await call.service.get(call.names[0]))


async def page(call: HttpCall) -> Reply:
    query = call.query(ListQuery)
    return ok(await call.service.tasks(query, query.limit, query.cursor))


async def result(call: HttpCall) -> Reply:
    """200 with the result, 202 while there is none yet, 409 when the task failed or was cancelled."""
    view = await call.service.result(call.names[0], call.query(WaitQuery).wait)
    return ok(view, 200 if view.state in FINAL else 202)


async def attempts(call: HttpCall) -> Reply:
    return ok(await call.service.attempts(call.names[0]))


async def cancel(call: HttpCall) -> Reply:
    """202 when the task still runs and was asked to stop."""
    task = await call.service.cancel(call.names[0])
    return ok(task, 202 if task.state is State.RUNNING else 200)


async def retry(call: HttpCall) -> Reply:
    return ok(await call.service.retry(call.names[0]))


async def delete(call: HttpCall) -> Reply:
    await call.service.delete(call.names[0])
    return Reply(204)


TASK = "/api/tasks/{id}"
ROUTES = (
    Route(
        "POST",
        "/api/tasks",
        create,
        "Store a task (201), or find the one that its id, key or Idempotency-Key stands for (200)",
        {201: views.Created, 200: views.Created},
        body=views.Draft,
        example={"task_type": "math", "parameters": {"expression": "1 + 2 * 5"}, "priority": "high", "delay": 0},
        errors=(*REFUSALS, "invalid_parameters", "unknown_task_type", "idempotency_mismatch", "conflict"),
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/tasks",
        page,
        "List tasks; `meta.NAME=VALUE`: with that pair",
        {200: views.TaskPage},
        query=ListQuery,
        errors=("invalid_request",),
    ),
    Route("GET", TASK, read, "Read a task", {200: views.TaskView}, errors=("not_found",)),
    Route(
        "GET",
        f"{TASK}/result",
        result,
        "The result (200), how far it is (202), or why there is none (409)",
        {200: views.ResultView, 202: views.ResultView},
        query=WaitQuery,
        errors=("not_found", "invalid_request", "task_failed", "task_cancelled"),
    ),
    Route("GET", f"{TASK}/attempts", attempts, "The ended attempts", {200: views.Attempts}, errors=("not_found",)),
    Route(
        "POST",
        f"{TASK}/cancel",
        cancel,
        "Cancel a task (200), or ask a running one to stop (202)",
        {200: views.TaskView, 202: views.TaskView},
        errors=("not_found", "conflict"),
    ),
    Route(
        "POST",
        f"{TASK}/retry",
        retry,
        "Run a final or scheduled task again now, with all its attempts",
        {200: views.TaskView},
        errors=("not_found", "conflict"),
    ),
    Route("DELETE", TASK, delete, "Delete a final task", {204: None}, errors=("not_found", "conflict")),
)
