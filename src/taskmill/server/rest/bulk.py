"""/api/tasks/cancel, /api/tasks/retry and /api/tasks/delete: everything that matches a filter."""

from taskmill.server.rest.decoding import Body
from taskmill.server.rest.http import HttpCall, Reply, Route, ok
from taskmill.server.rest.tasks import REFUSALS
from taskmill.service.views import Bulk, BulkResult

BODY = Body(Bulk)


async def cancel(call: HttpCall) -> Reply:
    where = await call.body(BODY, call.service.limits.body)
    return ok(await call.while_there(call.service.cancel_matching(where)))


async def retry(call: HttpCall) -> Reply:
    where = await call.body(BODY, call.service.limits.body)
    return ok(await call.while_there(call.service.retry_matching(where)))


async def delete(call: HttpCall) -> Reply:
    where = await call.body(BODY, call.service.limits.body)
    return ok(await call.while_there(call.service.delete_matching(where)))


ROUTES = (
    Route(
        "POST",
        "/api/tasks/cancel",
        cancel,
        "Cancel what matches: of the unfinished tasks, unless states are given",
        {200: BulkResult},
        body=Bulk,
        example={"queue": "mail", "dry_run": True},
        errors=REFUSALS,
    ),
    Route(
        "POST",
        "/api/tasks/retry",
        retry,
        "Run again what matches: of the failed tasks, unless states are given",
        {200: BulkResult},
        body=Bulk,
        example={"task_type": "math", "created_after": "2026-01-31T08:00:00Z", "dry_run": True},
        errors=REFUSALS,
    ),
    Route(
        "POST",
        "/api/tasks/delete",
        delete,
        "Delete what matches: of the final tasks, unless states are given",
        {200: BulkResult},
        body=Bulk,
        example={"state": "succeeded", "created_before": "2026-01-31T08:00:00Z", "dry_run": True},
        errors=REFUSALS,
    ),
)
