"""/api/tasks/{id}/status, and server-sent events of one task or many."""

from typing import Annotated

from msgspec import Meta, Struct

from taskmill.server.rest.http import HttpCall, Reply, Route, StreamDoc, ok
from taskmill.server.rest.problems import ProblemView
from taskmill.server.rest.sse import EventReply
from taskmill.service import views

LAST = b"last-event-id"
EXAMPLE = """retry: 2000

id: 2-1767225600100000
event: state
data: {"kind":"state","id":"01a20167-4d70-7b43-b36f-68b0bc9419a5","task_type":"math","queue":"default",\
"at":"2026-01-01T00:00:00.100000Z","state":"running","version":2,"attempt":1}

event: end
data: {"id":"01a20167-4d70-7b43-b36f-68b0bc9419a5","state":"succeeded","result":11,"progress":null,"error":null}

"""


class WideQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    queue: Annotated[list[str], Meta(description="Any of these; repeat it for several.")] = []
    task_type: Annotated[list[str], Meta(description="Any of these.")] = []
    id: Annotated[list[str], Meta(description="Any of these.")] = []


async def status(call: HttpCall) -> Reply:
    return ok(await call.service.status(call.names[0]))


async def one(call: HttpCall) -> EventReply:
    return EventReply(await call.service.task_stream(call.names[0], call.header(LAST)), call.service.streams)


async def many(call: HttpCall) -> EventReply:
    query = call.query(WideQuery)
    stream = await call.service.filtered_stream(query.queue, query.task_type, query.id, call.header(LAST))
    return EventReply(stream, call.service.streams)


ROUTES = (
    Route(
        "GET",
        "/api/tasks/{id}/status",
        status,
        "State and progress alone, from the cache of the live feed where there is one",
        {200: views.StatusView},
        errors=("not_found",),
    ),
    Route(
        "GET",
        "/api/tasks/{id}/events",
        one,
        "Server-sent events of a task: how it is now, what changes, and its result at the end",
        {200: None},
        errors=("not_found", "too_many_streams"),
        stream=StreamDoc(EXAMPLE, (views.EventView, views.GapView, views.EndView, ProblemView)),
    ),
    Route(
        "GET",
        "/api/events",
        many,
        "Server-sent events of all tasks, or of some queues, task types and ids, without an end",
        {200: None},
        query=WideQuery,
        errors=("invalid_request", "too_many_streams", "feed_unavailable"),
        stream=StreamDoc(EXAMPLE.partition("event: end")[0], (views.EventView, views.GapView)),
    ),
)
