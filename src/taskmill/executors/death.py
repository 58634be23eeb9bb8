"""How a process ended, as evidence for people."""

import signal

from taskmill.core.outcome import Failure


def describe_death(returncode: int, who: str) -> Failure:
    """`returncode` as subprocess gives it: negative for a signal."""
    if returncode >= 0:
        return Failure("worker_lost", "ProcessExited", f"{who} exited with code {returncode}")
    name = signal.Signals(-returncode).name
    hint = " (out of memory, or killed by hand)" if name == "SIGKILL" else ""
    return Failure("worker_lost", name, f"{who} was ended by {name}{hint}")
