"""A clock that stands still until it is moved, and a store that lives by it."""

from datetime import UTC, datetime, timedelta

from taskmill.core import times
from taskmill.core.errors import InvalidRequest
from taskmill.core.task import SECOND
from taskmill.stores.memory import MemoryStore


class Clock:
    """Schedules, retries and leases are judged by it; it starts at the real time."""

    def __init__(self) -> None:
        self._now = times.now()

    def now(self) -> int:
        """Microseconds since the Unix epoch."""
        return self._now

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self._now / SECOND, UTC)

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """What became due is run by the next drain."""
        step = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        if step < timedelta(0):
            raise InvalidRequest(f"the clock can't go back by {-step}")
        self._now += step // timedelta(microseconds=1)


class ClockedStore(MemoryStore):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._by = clock

    async def clock(self) -> int:
        return self._by.now()

    async def ping(self) -> int:
        return self._by.now()
