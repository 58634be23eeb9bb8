"""Does a process compute? What the system counts for each of its threads tells.

It tells one whose interpreter is held by C code from one that is frozen, asleep or waits. Only where there is /proc;
elsewhere nothing is known.
"""

import os
from pathlib import Path

SHARE = 0.05
"""Of the time that a thread must have computed for its process to count as computing: it may have to share the
processor, and threads that only wait for the interpreter use one or two percent."""


def thread_times(pid: int) -> dict[int, float]:
    """Seconds of processor time, by thread; empty for a process that is stopped or gone, or without /proc."""
    tick = os.sysconf("SC_CLK_TCK")
    times: dict[int, float] = {}
    try:
        for path in Path(f"/proc/{pid}/task").iterdir():
            state, *fields = (path / "stat").read_text().rpartition(")")[2].split()
            if state in "TtZX":
                return {}
            times[int(path.name)] = (int(fields[10]) + int(fields[11])) / tick
    except (OSError, ValueError, IndexError):  # a thread that ends meanwhile: the next look will do
        return {}
    return times


def most_used(before: dict[int, float], after: dict[int, float]) -> tuple[int, float]:
    """The thread that computed most in between, and for how long."""
    used = {thread: seconds - before.get(thread, 0.0) for thread, seconds in after.items()}
    return max(used.items(), key=lambda item: item[1], default=(0, 0.0))
