"""Times: integer microseconds since the epoch inside, `datetime` and ISO 8601 in UTC outside.

SECOND, in core/task.py, is a second in microseconds.
"""

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = 86_400.0
"""Seconds."""


def now() -> int:
    """By the clock of this machine. Leases and due times go by the store's clock instead."""
    return time.time_ns() // 1000


def to_datetime(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


def from_datetime(at: datetime) -> int:
    """`at` has an offset from UTC."""
    return (at - EPOCH) // MICROSECOND


def iso(at: int) -> str:
    """`2026-01-31T08:00:00.000000Z`, always of the same width."""
    return to_datetime(at).isoformat(timespec="microseconds")[:-6] + "Z"


def maybe_iso(at: int | None) -> str | None:
    return None if at is None else iso(at)
