"""Every error as an answer over HTTP: problem details (RFC 9457), by the one table of service/errors.py."""

import math
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from taskmill.core.errors import TaskError, TaskmillError, TooManyAttempts, Unauthenticated
from taskmill.service.errors import KINDS, http_kind

MEDIA = b"application/problem+json"
STATUSES = {code: kind.http for code, kind in KINDS.items() if kind.http is not None}
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
    code: Annotated[str, Meta(extra_json_schema={"enum": list(STATUSES)})]
    errors: list[Finding] = []
    hint: Annotated[str | None, Meta(description="What to do next.")] = None
    error: Annotated[Raw | None, Meta(description="Of a failed task: its latest error.")] = None


class InvalidJson(TaskmillError):
    code = "invalid_json"


class UnsupportedMediaType(TaskmillError):
    code = "unsupported_media_type"


class UnknownRoute(TaskmillError):
    code = "unknown_route"


class MethodNotAllowed(TaskmillError):
    code = "method_not_allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"this address knows {allowed}")
        self.allowed = allowed


def problem(error: TaskmillError) -> ProblemView:
    code, status, title = http_kind(error)
    failure = error.failure if isinstance(error, TaskError) else None
    return ProblemView(
        type=f"urn:taskmill:error:{code}",
        title=title,
        status=status,
        detail=str(error),
        code=code,
        errors=[Finding(path, message) for path, message in error.problems],
        hint=error.hint,
        error=None if failure is None else Raw(failure),
    )


def headers(error: TaskmillError, status: int) -> tuple[tuple[bytes, bytes], ...]:
    if isinstance(error, Unauthenticated):
        return ((b"www-authenticate", b"Bearer"),)
    if isinstance(error, TooManyAttempts):
        return ((b"retry-after", str(math.ceil(error.retry_after)).encode()),)
    if isinstance(error, MethodNotAllowed):
        return ((b"allow", error.allowed.encode()),)
    return ((b"retry-after", RETRY_AFTER),) if status == 503 else ()


def encode(view: ProblemView) -> bytes:
    return msgspec.json.encode(view)
