"""Which tasks a worker process runs at this moment, where its supervisor can read it after a crash.

A file in memory, one line of 36 bytes (a task id) for each slot. Without it, every task the dead process had
claimed would be a suspect, also those it never began.
"""

import mmap
import os
import tempfile

WIDTH = 36
BLANK = bytes(WIDTH)


class Board:
    def __init__(self, fd: int, slots: int) -> None:
        self._map = mmap.mmap(fd, slots * WIDTH)
        self._slots = slots

    def put(self, slot: int, id: str) -> None:
        self._map[slot * WIDTH : (slot + 1) * WIDTH] = id.encode().ljust(WIDTH, b"\0")

    def clear(self, slot: int) -> None:
        self._map[slot * WIDTH : (slot + 1) * WIDTH] = BLANK

    def read(self) -> set[str]:
        lines = (self._map[i * WIDTH : (i + 1) * WIDTH].rstrip(b"\0") for i in range(self._slots))
        return {line.decode() for line in lines if line}


def make(slots: int) -> int:
    """A file descriptor for the boards of a supervisor and its child."""
    fd, path = tempfile.mkstemp(prefix="taskmill-board-")
    os.unlink(path)
    os.ftruncate(fd, slots * WIDTH)
    return fd
