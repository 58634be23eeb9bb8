"""Times at the door: ISO 8601 with an offset outside, integer microseconds inside."""

import time
from datetime import UTC, datetime, timedelta

from taskmill.core.errors import InvalidRequest, Problem

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def now() -> int:
    return time.time_ns() // 1000


def iso(at: int) -> str:
    """`2026-01-31T08:00:00.000000Z`, always of the same width."""
    return (EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds")[:-6] + "Z"


def maybe_iso(at: int | None) -> str | None:
    return None if at is None else iso(at)


def parse(path: str, text: str) -> int:
    """Raises InvalidRequest that names `path`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(path, "is not an ISO 8601 time") from None
    if at.tzinfo is None:
        raise _wrong(path, "has no offset from UTC: end it with Z, or with one like +02:00")
    return (at - EPOCH) // MICROSECOND


def _wrong(path: str, why: str) -> InvalidRequest:
    problem = Problem(path, f"{why}; a right one is {iso(now())}")
    return InvalidRequest(f"{path} {why}", problems=[problem])
