"""Standard error, whoever reads it: nobody's work stops for it.

A reader may go away (`| head`, a closed terminal), may stop to read (a pipe that a program forgot, Ctrl-S), and there
may be none from the start.
"""

import contextlib
import os
import select
import threading
from collections.abc import Collection

ERROR_FD = 2
STUCK_AFTER = 1.0
"""Seconds that a reader who does not read gets, once; what is written then is left out until there is room again."""
ATOMIC = 4096
"""Bytes that a pipe takes as one, whoever else writes to it (PIPE_BUF of Linux)."""

_left_out = 0
"""Lines, since there was no room."""


def write(text: str) -> None:
    """Whole lines, not mixed with those of other processes as long as they are not longer than ATOMIC; never raises."""
    global _left_out
    data, at = text.encode(errors="backslashreplace"), 0
    with contextlib.suppress(OSError):  # nobody reads, or the disk is full
        while at < len(data):
            if not select.select((), (ERROR_FD,), (), 0.0 if _left_out else STUCK_AFTER)[1]:
                _left_out += data.count(b"\n", at)
                return
            with contextlib.suppress(BlockingIOError):
                if _left_out:
                    os.write(ERROR_FD, f"({_left_out} lines are left out here: nobody read them)\n".encode())
                    _left_out = 0
                end = min(at + ATOMIC, len(data))
                at += os.write(ERROR_FD, data[at : data.rfind(b"\n", at, end) + 1 or end])


def fill_standard_descriptors() -> None:
    """Of a process that was started without some (`>&-`): a pipe or a database would get such a number, and what is
    printed would go into it."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= ERROR_FD:
        os.set_inheritable(fd, True)
    os.close(fd)


def survive_readers(descriptors: Collection[int]) -> None:
    """From now on, what is written to one of these goes nowhere once nobody can read it any more.

    Otherwise every write would fail, of handlers and of the programs that they start.
    """
    poll = select.poll()
    for fd in descriptors:
        poll.register(fd, 0)  # for errors alone

    def watch() -> None:
        left = set(descriptors)
        while left:
            for fd, _ in poll.poll():
                poll.unregister(fd)
                left.discard(fd)
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, fd)
                os.close(nothing)

    threading.Thread(target=watch, name="taskmill-output", daemon=True).start()
