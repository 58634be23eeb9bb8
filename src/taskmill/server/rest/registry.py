"""What is around the tasks: queues, workers, task types, stats."""

from taskmill.core.errors import NotFound, UnknownTaskType
from taskmill.server.rest.http import HttpCall, Reply, Route, ok
from taskmill.service import views


async def queues(call: HttpCall) -> Reply:
    return ok(await call.service.queues())


async def pause(call: HttpCall) -> Reply:
    return ok(await call.service.pause(call.names[0]))


async def resume(call: HttpCall) -> Reply:
    return ok(await call.service.resume(call.names[0]))


async def workers(call: HttpCall) -> Reply:
    return ok(await call.service.workers())


async def task_types(call: HttpCall) -> Reply:
    return ok(await call.service.task_types())


async def task_type(call: HttpCall) -> Reply:
    try:
        return ok(await call.service.task_type(call.names[0]))
    except UnknownTaskType as unknown:
        raise NotFound(str(unknown), hint=unknown.hint) from None


async def stats(call: HttpCall) -> Reply:
    return ok(await call.service.stats())


ROUTES = (
    Route("GET", "/api/queues", queues, "List queues", {200: views.Queues}),
    Route(
        "POST",
        "/api/queues/{name}/pause",
        pause,
        "Let workers claim nothing from a queue; it need not exist yet",
        {200: views.Paused},
        errors=("not_found", "invalid_request"),
    ),
    Route(
        "POST",
        "/api/queues/{name}/resume",
        resume,
        "Let workers claim from a queue again",
        {200: views.Paused},
        errors=("not_found", "invalid_request"),
    ),
    Route("GET", "/api/workers", workers, "List workers", {200: views.Workers}),
    Route("GET", "/api/task-types", task_types, "List task types with their schemas", {200: views.TaskTypes}),
    Route(
        "GET",
        "/api/task-types/{name}",
        task_type,
        "A task type, its schema and an example",
        {200: views.TaskTypeView},
        errors=("not_found",),
    ),
    Route("GET", "/api/stats", stats, "How many tasks are in each state", {200: views.StatsView}),
)
