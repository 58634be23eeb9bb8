"""OpenAPI 3.1, made from the routes and the structs they read and answer; nothing is written down twice."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from taskmill import __version__
from taskmill.core.limits import NAME_LENGTH
from taskmill.server.rest.http import BODIES, HttpCall, Reply, Route, StreamDoc
from taskmill.server.rest.problems import STATUSES, ProblemView

PLACEHOLDER = re.compile(r"{(\w+)}")
EVERYWHERE = ("forbidden_host", "invalid_request", "store_error", "store_unavailable")
CHANGES = ("forbidden_origin",)
LOGGED_IN = ("unauthenticated", "forbidden")
SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "`taskmill token create` makes one."},
    "session": {"type": "apiKey", "in": "cookie", "name": "taskmill", "description": "`POST /api/login` sets it."},
}
"""Any of them, where the server asks for a login."""
NO_BODY = ("invalid_json", "too_large", "unsupported_media_type")
"""Where no body is taken, but an empty object."""
REF = "#/components/schemas/{name}"
ID = {"type": "string", "format": "uuid"}
NAME = {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key gives the same task; with other content it is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[ -~]+$"},
}
LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The id of the last event that was seen: the stream goes on after it.",
    "schema": {"type": "string"},
}
Document = dict[str, Any]
Shape = type[msgspec.Struct] | None


def openapi_route(routes: Sequence[Route]) -> Route:
    body = msgspec.json.encode(document(routes))

    async def openapi(_: HttpCall) -> Reply:
        return Reply(200, body)

    return Route("GET", "/api/openapi.json", openapi, "This document", {200: None}, public=True)


def document(routes: Sequence[Route]) -> Document:
    shapes, schemas = _components(routes)
    paths: dict[str, Document] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method.lower()] = _operation(route, shapes, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Taskmill", "version": __version__, "description": "Distributed task processing."},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": SECURITY},
    }


def _components(routes: Iterable[Route]) -> tuple[dict[Shape, Document], dict[str, Any]]:
    """Each struct's reference, and all schemas by name."""
    structs: dict[type[msgspec.Struct], None] = {ProblemView: None}
    for route in routes:
        streamed = route.stream.data if route.stream else ()
        structs |= dict.fromkeys(
            shape for shape in (route.body, route.query, *route.replies.values(), *streamed) if shape
        )
    kinds = list(structs)
    references, schemas = msgspec.json.schema_components(kinds, ref_template=REF)
    return dict(zip(kinds, references, strict=True)), schemas


def _operation(route: Route, shapes: dict[Shape, Document], schemas: dict[str, Any]) -> Document:
    resource = route.endpoint.__module__.rpartition(".")[2]
    operation: Document = {
        "operationId": f"{resource}_{route.endpoint.__name__}",
        "tags": [resource],
        "summary": route.summary,
        "responses": _responses(route, shapes),
    }
    if not route.public:
        operation["security"] = [{}, *({name: []} for name in SECURITY)]
    if parameters := list(_parameters(route, schemas)):
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = _body(route, shapes)
    if route.raw:
        operation["requestBody"] = {"content": {"application/octet-stream": {}}}
    return operation


def _body(route: Route, shapes: dict[Shape, Document]) -> Document:
    media: Document = {"schema": shapes[route.body]}
    if route.example is not None:
        media["example"] = route.example
    return {"required": True, "content": {"application/json": media}}


def _parameters(route: Route, schemas: dict[str, Any]) -> Iterable[Document]:
    for name in PLACEHOLDER.findall(route.path):
        yield {"name": name, "in": "path", "required": True, "schema": ID if name == "id" else NAME}
    if route.query is not None:
        for name, schema in schemas[route.query.__name__]["properties"].items():
            if name != "meta":  # any name, behind a point, which OpenAPI has no way to say
                yield {"name": name, "in": "query", "schema": schema}
    if route.idempotent:
        yield KEY
    if route.stream:
        yield LAST_EVENT_ID


def _responses(route: Route, shapes: dict[Shape, Document]) -> Document:
    responses = {
        str(status): _stream(route.stream, shapes) if route.stream else _success(shapes.get(shape))
        for status, shape in route.replies.items()
    }
    codes: dict[int, list[str]] = defaultdict(list)
    known = (*route.errors, *EVERYWHERE, *(() if route.method == "GET" else CHANGES))
    known += () if route.public else LOGGED_IN
    refusing = NO_BODY if route.method in BODIES and route.body is None and not route.raw else ()
    for code in dict.fromkeys((*known, *refusing)):
        codes[STATUSES[code]].append(code)
    for status, several in sorted(codes.items()):
        media = {"application/problem+json": {"schema": shapes[ProblemView]}}
        responses[str(status)] = {"description": " or ".join(f"`{code}`" for code in several), "content": media}
    return responses


def _stream(streamed: StreamDoc, shapes: dict[Shape, Document]) -> Document:
    """The schema is that of one event."""
    payload = {"anyOf": [shapes[shape] for shape in streamed.data]}
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": payload}
    names = {"enum": ["state", "progress", "log", "gap", "end", "gone"]}
    schema = {"type": "object", "properties": {"event": names, "id": {"type": "string"}, "data": data}}
    return {
        "description": "Server-sent events: an EventView each, but for `gap`, `end` and `gone`",
        "content": {"text/event-stream": {"schema": schema, "example": streamed.example}},
    }


def _success(reference: Document | None) -> Document:
    if reference is None:
        return {"description": "Done"}
    return {"description": "Done", "content": {"application/json": {"schema": reference}}}
