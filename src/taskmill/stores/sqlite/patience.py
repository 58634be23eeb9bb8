"""How a writer waits for its turn: SQLite lets one process write at a time, and asks here what to do meanwhile.

SQLite's own answer sleeps longer each time (1, 2, 5, 10 … 100 ms), which is most of the time of a small write when
several workers share a file; this one looks again within 2 ms. It gives up after a while, because a process that is
stopped (SIGSTOP) in the middle of a write keeps all others waiting until it goes on or dies.
"""

import time

TIMEOUT = 10.0
FIRST_PAUSE = 0.0001
LONGEST_PAUSE = 0.002


class Patience:
    """A busy handler for one connection (sqlite.org/c3ref/busy_handler.html)."""

    def __init__(self) -> None:
        self._end = 0.0

    def __call__(self, looked: int) -> bool:
        """`looked`: how often it was asked for this lock. Whether to look once more."""
        now = time.monotonic()
        if looked == 0:
            self._end = now + TIMEOUT
        if now > self._end:
            return False
        time.sleep(min(LONGEST_PAUSE, FIRST_PAUSE * 1.5 ** min(looked, 20)))
        return True
