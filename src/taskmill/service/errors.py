"""The kinds of errors, and what each face makes of them: one table from code to HTTP status and exit code.

A face looks its answer up here and never decides by the class of an error. It imports the core alone, for the CLI.
"""

from collections.abc import Iterator
from typing import NamedTuple

from taskmill.core.errors import InvalidRequest, TaskmillError

FAILED = 1
INVALID = 2
NOT_FOUND = 3
STORE = 4
TIMED_OUT = 124
"""Exit codes."""


class ErrorKind(NamedTuple):
    http: int | None
    """None: no HTTP answer has this code. The error is answered as the kind above it in the tree of core/errors.py."""
    grpc: str
    """The name of a status code."""
    exit: int
    title: str


KINDS: dict[str, ErrorKind] = {
    "invalid_json": ErrorKind(400, "INVALID_ARGUMENT", FAILED, "The body is not JSON"),
    "unauthenticated": ErrorKind(401, "UNAUTHENTICATED", FAILED, "Log in first"),
    "forbidden": ErrorKind(403, "PERMISSION_DENIED", FAILED, "That is not allowed to you"),
    "forbidden_host": ErrorKind(403, "PERMISSION_DENIED", FAILED, "This server does not answer for that host"),
    "forbidden_origin": ErrorKind(
        403, "PERMISSION_DENIED", FAILED, "This server takes no changes from pages of that origin"
    ),
    "not_found": ErrorKind(404, "NOT_FOUND", NOT_FOUND, "Not found"),
    "unknown_route": ErrorKind(404, "UNIMPLEMENTED", FAILED, "No such address"),
    "method_not_allowed": ErrorKind(405, "UNIMPLEMENTED", FAILED, "No such method here"),
    "request_timeout": ErrorKind(408, "DEADLINE_EXCEEDED", FAILED, "The request did not come in time"),
    "conflict": ErrorKind(409, "FAILED_PRECONDITION", FAILED, "The state of the task does not allow it"),
    "illegal_transition": ErrorKind(409, "FAILED_PRECONDITION", FAILED, "The state of the task does not allow it"),
    "task_failed": ErrorKind(409, "FAILED_PRECONDITION", FAILED, "The task failed"),
    "task_cancelled": ErrorKind(409, "FAILED_PRECONDITION", FAILED, "The task was cancelled"),
    "too_large": ErrorKind(413, "RESOURCE_EXHAUSTED", INVALID, "Too large"),
    "unsupported_media_type": ErrorKind(415, "INVALID_ARGUMENT", FAILED, "The body must be application/json"),
    "invalid_request": ErrorKind(422, "INVALID_ARGUMENT", INVALID, "The request makes no sense"),
    "invalid_parameters": ErrorKind(422, "INVALID_ARGUMENT", INVALID, "The parameters do not fit the task type"),
    "unknown_task_type": ErrorKind(422, "NOT_FOUND", INVALID, "No such task type"),
    "idempotency_mismatch": ErrorKind(
        422, "ALREADY_EXISTS", INVALID, "The Idempotency-Key came before with other content"
    ),
    "too_many_attempts": ErrorKind(429, "RESOURCE_EXHAUSTED", FAILED, "Too many attempts to log in"),
    "headers_too_large": ErrorKind(431, "RESOURCE_EXHAUSTED", FAILED, "The headers are too large"),
    "internal_error": ErrorKind(500, "INTERNAL", FAILED, "Something went wrong inside"),
    "store_error": ErrorKind(500, "INTERNAL", STORE, "The store failed"),
    "schema_too_new": ErrorKind(500, "FAILED_PRECONDITION", STORE, "The store was made by a newer Taskmill"),
    "store_unavailable": ErrorKind(503, "UNAVAILABLE", STORE, "The store cannot be reached now"),
    "not_ready": ErrorKind(503, "UNAVAILABLE", FAILED, "Not ready"),
    "feed_unavailable": ErrorKind(503, "UNAVAILABLE", FAILED, "The live feed cannot be reached now"),
    "too_many_connections": ErrorKind(503, "RESOURCE_EXHAUSTED", FAILED, "Too many connections are open"),
    "too_many_streams": ErrorKind(503, "RESOURCE_EXHAUSTED", FAILED, "Too many streams are open"),
    "files_unavailable": ErrorKind(503, "UNAVAILABLE", FAILED, "Files cannot be kept here now"),
    "invalid_settings": ErrorKind(None, "FAILED_PRECONDITION", INVALID, "A setting is wrong"),
    "broker_unavailable": ErrorKind(None, "UNAVAILABLE", FAILED, "The broker cannot be reached now"),
    "result_timeout": ErrorKind(None, "DEADLINE_EXCEEDED", TIMED_OUT, "The result did not come in time"),
}
"""Code → what the faces make of it. The codes of HTTP answers stand in the order in which OpenAPI lists them."""


class IdempotencyMismatch(InvalidRequest):
    code = "idempotency_mismatch"


class NotReady(TaskmillError):
    code = "not_ready"


class TooManyStreams(TaskmillError):
    code = "too_many_streams"


class FilesUnavailable(TaskmillError):
    code = "files_unavailable"


def http_kind(error: TaskmillError) -> tuple[str, int, str]:
    """Code, status and title of the answer."""
    for code in _codes(error):
        if code in KINDS and (status := KINDS[code].http) is not None:
            return code, status, KINDS[code].title
    raise AssertionError("the root of the tree has a row")


def exit_code(error: TaskmillError) -> int:
    return next(KINDS[code].exit for code in _codes(error) if code in KINDS)


def _codes(error: TaskmillError) -> Iterator[str]:
    """Its own first, then those of the kinds above it."""
    return (kind.code for kind in type(error).__mro__ if issubclass(kind, TaskmillError))
