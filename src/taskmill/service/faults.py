"""Every error as an answer: one table from codes to HTTP statuses, and problem details (RFC 9457)."""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from taskmill.core.errors import TaskmillError

MEDIA = b"application/problem+json"
CODES: dict[str, tuple[int, str]] = {
    "invalid_json": (400, "The body is not JSON"),
    "forbidden_host": (403, "This server does not answer for that host"),
    "forbidden_origin": (403, "This server takes no changes from pages of that origin"),
    "not_found": (404, "Not found"),
    "unknown_route": (404, "No such address"),
    "method_not_allowed": (405, "No such method here"),
    "conflict": (409, "The state of the task does not allow it"),
    "illegal_transition": (409, "The state of the task does not allow it"),
    "key_held": (409, "An unfinished task holds the key"),
    "task_failed": (409, "The task failed"),
    "task_cancelled": (409, "The task was cancelled"),
    "too_large": (413, "Too large"),
    "unsupported_media_type": (415, "The body must be application/json"),
    "invalid_request": (422, "The request makes no sense"),
    "invalid_parameters": (422, "The parameters do not fit the task type"),
    "unknown_task_type": (422, "No such task type"),
    "idempotency_mismatch": (422, "The Idempotency-Key came before with other content"),
    "internal_error": (500, "Something went wrong inside"),
    "store_error": (500, "The store failed"),
    "schema_too_new": (500, "The store was made by a newer Taskmill"),
    "store_unavailable": (503, "The store cannot be reached now"),
    "not_ready": (503, "Not ready"),
    "feed_unavailable": (503, "The live feed cannot be reached now"),
    "too_many_streams": (503, "Too many streams are open"),
    "files_unavailable": (503, "Files cannot be kept here now"),
}
RETRY_AFTER = b"2"
"""Seconds."""


class Finding(Struct):
    """What is wrong where: `$` is the body (or the query), `$.parameters.to[0]` a place in it."""

    path: str
    message: str


class ProblemView(Struct, kw_only=True, omit_defaults=True):
    """Problem details (RFC 9457). Programs go by `code`; the sentences are for people and may change."""

    type: Annotated[str, Meta(examples=["urn:taskmill:error:invalid_parameters"])]
    title: str
    status: int
    detail: str
    code: Annotated[str, Meta(extra_json_schema={"enum": list(CODES)})]
    errors: list[Finding] = []
    hint: Annotated[str | None, Meta(description="What to do next.")] = None
    error: Annotated[Raw | None, Meta(description="Of a failed task: its latest error.")] = None


class InvalidJson(TaskmillError):
    code = "invalid_json"


class UnsupportedMediaType(TaskmillError):
    code = "unsupported_media_type"


class UnknownRoute(TaskmillError):
    code = "unknown_route"


class ForbiddenHost(TaskmillError):
    code = "forbidden_host"


class ForbiddenOrigin(TaskmillError):
    code = "forbidden_origin"


class NotReady(TaskmillError):
    code = "not_ready"


class FilesUnavailable(TaskmillError):
    code = "files_unavailable"


class MethodNotAllowed(TaskmillError):
    code = "method_not_allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"this address knows {allowed}")
        self.allowed = allowed


def problem(error: TaskmillError, more: Raw | None = None) -> ProblemView:
    """`more`: the error of the task that failed."""
    code = _known_code(error)
    status, title = CODES[code]
    return ProblemView(
        type=f"urn:taskmill:error:{code}",
        title=title,
        status=status,
        detail=str(error),
        code=code,
        errors=[Finding(path, message) for path, message in error.problems],
        hint=error.hint,
        error=more,
    )


def headers(error: TaskmillError, status: int) -> tuple[tuple[bytes, bytes], ...]:
    if isinstance(error, MethodNotAllowed):
        return ((b"allow", error.allowed.encode()),)
    return ((b"retry-after", RETRY_AFTER),) if status == 503 else ()


def encode(view: ProblemView) -> bytes:
    return msgspec.json.encode(view)


def _known_code(error: TaskmillError) -> str:
    codes = (getattr(kind, "code", "") for kind in type(error).__mro__)
    return next((code for code in codes if code in CODES), "internal_error")
