"""The one writer: processes take turns at a lock beside the file, instead of in SQLite's sleeping retries.

SQLite waits longer each time (1, 2, 5, 10 … 100 ms); here a waiting writer looks again within 2 ms at most. A blocking
flock would wake it at once, but knows no time limit: a process that is stopped (SIGSTOP) while it holds the lock would
stop all writers for ever, without a word. Nothing is done under the lock but one short transaction. Where there is no
flock (Windows), SQLite's own lock and its retries do the work.
"""

import os
import sys
import time

from taskmill.core.errors import StoreUnavailable

if sys.platform != "win32":
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock

TIMEOUT = 10.0
FIRST_PAUSE = 0.0001
LONGEST_PAUSE = 0.002


class WriterLock:
    """Use it with `with`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1
        if sys.platform != "win32":
            self._file = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def __enter__(self) -> None:
        """Raises StoreUnavailable when another process keeps it."""
        if sys.platform != "win32" and not self._taken():
            self._wait()

    def __exit__(self, *failure: object) -> None:
        if sys.platform != "win32":
            flock(self._file, LOCK_UN)

    def _taken(self) -> bool:
        try:
            flock(self._file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait(self) -> None:
        end, pause = time.monotonic() + TIMEOUT, FIRST_PAUSE
        while not self._taken():
            if time.monotonic() > end:
                raise StoreUnavailable(
                    f"another process has kept the database {self._path} for more than {TIMEOUT:g} s",
                    hint="it may be stopped in the middle of a write: let it go on, or kill it",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
