"""Is it alive, is it ready, and what is there."""

from msgspec import Struct

from taskmill.core.errors import Problem
from taskmill.server.rest.http import HttpCall, Reply, Route, ok
from taskmill.service.errors import NotReady
from taskmill.service.views import Readiness


class Alive(Struct):
    status: str = "ok"


class Links(Struct):
    """Where to go from here."""

    name: str = "taskmill"
    tasks: str = "/api/tasks"
    task_types: str = "/api/task-types"
    queues: str = "/api/queues"
    workers: str = "/api/workers"
    stats: str = "/api/stats"
    openapi: str = "/api/openapi.json"
    ready: str = "/readyz"


async def alive(_: HttpCall) -> Reply:
    return ok(Alive())


async def ready(call: HttpCall) -> Reply:
    readiness = await call.service.readiness()
    if readiness.ready:
        return ok(readiness)
    path = "workers" if readiness.can_store else "store"
    raise NotReady("; ".join(readiness.why), problems=[Problem(path, why) for why in readiness.why])


async def links(_: HttpCall) -> Reply:
    return ok(Links())


ROUTES = (
    Route("GET", "/healthz", alive, "The server runs", {200: Alive}, public=True),
    Route(
        "GET", "/readyz", ready, "Tasks can be stored, and a worker lives to claim them", {200: Readiness}, public=True
    ),
    Route("GET", "/", links, "Where to go from here", {200: Links}, public=True),
)
