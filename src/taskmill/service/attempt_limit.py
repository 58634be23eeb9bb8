"""How often somebody may try: the generic cell rate algorithm, one time stamp for each key."""

import time
from collections import OrderedDict
from collections.abc import Callable

from taskmill.core.errors import TooManyAttempts

MOST = 10_000
"""Keys that are remembered; of more, the oldest are forgotten."""


class AttemptLimit:
    """`burst` at once, and then one each `interval` seconds."""

    def __init__(self, burst: int, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._slack = burst * interval
        self._interval = interval
        self._clock = clock
        self._free_at: OrderedDict[str, float] = OrderedDict()
        """When all attempts of a key will be forgotten."""

    def attempt(self, *keys: str) -> None:
        """Counts for each key, unless one of them has had too many. Raises TooManyAttempts."""
        now = self._clock()
        wait = max((self._free_at.get(key, now) + self._interval - self._slack - now for key in keys), default=0.0)
        if wait > 0:
            error = TooManyAttempts("there were too many attempts to log in", hint=f"wait {wait:.0f} seconds")
            error.retry_after = wait
            raise error
        for key in keys:
            self._free_at[key] = max(self._free_at.pop(key, now), now) + self._interval
        while len(self._free_at) > MOST:
            self._free_at.popitem(last=False)

    def forget(self, *keys: str) -> None:
        """After a success."""
        for key in keys:
            self._free_at.pop(key, None)
