"""Microseconds, datetimes and ISO 8601 are the same time."""

import time
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from taskmill.core.times import from_datetime, iso, maybe_iso, now, to_datetime

LATEST = from_datetime(datetime(9999, 12, 31, tzinfo=UTC))


@given(at=st.integers(0, LATEST))
def test_there_and_back(at: int) -> None:
    assert from_datetime(to_datetime(at)) == at
    assert from_datetime(datetime.fromisoformat(iso(at))) == at
    assert len(iso(at)) == len("2026-01-31T08:00:00.000000Z")


def test_as_people_read_it() -> None:
    at = datetime(2026, 1, 31, 10, tzinfo=timezone(timedelta(hours=2)))
    assert iso(from_datetime(at)) == maybe_iso(from_datetime(at)) == "2026-01-31T08:00:00.000000Z"
    assert maybe_iso(None) is None


def test_now_is_in_microseconds() -> None:
    assert abs(now() / 1_000_000 - time.time()) < 5
