"""/api/tasks/{id}/status, and server-sent events of one task or many."""

from typing import Annotated

from msgspec import Meta, Struct

from taskmill.core import limits
from taskmill.core.errors import Problem
from taskmill.core.ids import parse
from taskmill.feeds.contract import EventFilter
from taskmill.feeds.wire import EventView
from taskmill.server.sse import EventStream
from taskmill.server.web import Call, Reply, Route, Streamed, ok
from taskmill.service import views
from taskmill.service.admission import placed, refuse
from taskmill.service.faults import ProblemView
from taskmill.service.filters import MOST
from taskmill.service.streams import GapView

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


async def status(call: Call) -> Reply:
    return ok(await call.service.status(call.names[0]))


async def one(call: Call) -> EventStream:
    frames = await call.service.task_frames(call.names[0], call.header(LAST))
    return EventStream(frames, call.service.live.streams)


async def many(call: Call) -> EventStream:
    frames = await call.service.live.wide_frames(_where(call.query(WideQuery)), call.header(LAST))
    return EventStream(frames, call.service.live.streams)


def _where(query: WideQuery) -> EventFilter:
    ids = [parse(id) for id in query.id]
    problems = [Problem("$.id", "is not a UUID") for id in ids if id is None]
    for path, names in (("$.queue", query.queue), ("$.task_type", query.task_type)):
        problems += [problem for name in names for problem in placed(path, limits.name(name))]
    problems += [Problem(path, f"must be at most {MOST}") for path, values in _lists(query) if len(values) > MOST]
    refuse(problems)
    return EventFilter(
        frozenset(id for id in ids if id) or None, frozenset(query.queue) or None, frozenset(query.task_type) or None
    )


def _lists(query: WideQuery) -> list[tuple[str, list[str]]]:
    return [("$.id", query.id), ("$.queue", query.queue), ("$.task_type", query.task_type)]


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
        stream=Streamed(EXAMPLE, (EventView, GapView, views.EndView, ProblemView)),
    ),
    Route(
        "GET",
        "/api/events",
        many,
        "Server-sent events of all tasks, or of some queues, task types and ids, without an end",
        {200: None},
        query=WideQuery,
        errors=("invalid_request", "too_many_streams", "feed_unavailable"),
        stream=Streamed(EXAMPLE.partition("event: end")[0], (EventView, GapView)),
    ),
)
