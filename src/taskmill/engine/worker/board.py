"""Which tasks a worker process runs at this moment, where its supervisor can read it after a crash.

A file in memory, one line for each slot: a task id, and whether the task runs in a process of its own. Without it,
every task the dead process had claimed would be a suspect, also those it never began. Its end is the time of the
worker's latest heartbeat.
"""

import mmap
import os
import struct
import tempfile
import time

WIDTH = 37
TIME = struct.Struct("d")
BLANK = bytes(WIDTH)


class Board:
    def __init__(self, fd: int, slots: int) -> None:
        self._map = mmap.mmap(fd, slots * WIDTH + TIME.size)
        self._slots = slots

    def put(self, slot: int, id: str, apart: bool) -> None:
        """`apart`: it runs in a process of its own."""
        self._map[slot * WIDTH : (slot + 1) * WIDTH] = id.encode().ljust(WIDTH - 1, b"\0") + (b"1" if apart else b"0")

    def clear(self, slot: int) -> None:
        self._map[slot * WIDTH : (slot + 1) * WIDTH] = BLANK

    def beat(self) -> None:
        """Its heartbeat has just been stored."""
        self._map[-TIME.size :] = TIME.pack(time.monotonic())

    def beaten_at(self) -> float:
        """Monotonic; 0 before the first."""
        at: float = TIME.unpack(self._map[-TIME.size :])[0]
        return at

    def read(self) -> dict[str, bool]:
        """Ids of the tasks that run, and whether each does so apart."""
        lines = (self._map[i * WIDTH : (i + 1) * WIDTH] for i in range(self._slots))
        return {line[:-1].rstrip(b"\0").decode(): line[-1:] == b"1" for line in lines if line != BLANK}


def make(slots: int) -> int:
    """A file descriptor for the boards of a supervisor and its child."""
    fd, path = tempfile.mkstemp(prefix="taskmill-board-")
    os.unlink(path)
    os.ftruncate(fd, slots * WIDTH + TIME.size)
    return fd
