"""The one writer: processes queue up for it in the kernel, instead of in SQLite's sleeping retries.

SQLite wakes a waiting writer by a timer that backs off; flock wakes it the moment the lock is free. A process that
is stopped (SIGSTOP) while it holds the lock stops all writers until it goes on or dies, so nothing is done under it
but one short transaction. Where there is no flock (Windows), SQLite's own lock and its retries do the work.
"""

import os
import sys

if sys.platform != "win32":
    from fcntl import LOCK_EX, LOCK_UN, flock


class WriterLock:
    """Use it with `with`."""

    def __init__(self, path: str) -> None:
        self._file = -1
        if sys.platform != "win32":
            self._file = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def __enter__(self) -> None:
        if sys.platform != "win32":
            flock(self._file, LOCK_EX)

    def __exit__(self, *failure: object) -> None:
        if sys.platform != "win32":
            flock(self._file, LOCK_UN)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
