"""How a process ended, as evidence for people."""

import signal

from taskmill.core.outcome import Failure


def describe_death(returncode: int, who: str) -> Failure:
    """`returncode` as subprocess gives it: negative for a signal."""
    if returncode >= 0:
        return Failure("worker_lost", "ProcessExited", f"{who} exited with code {returncode}")
    name = _signal_name(-returncode)
    hint = " (out of memory, or killed by hand)" if name == "SIGKILL" else ""
    return Failure("worker_lost", name, f"{who} was ended by {name}{hint}")


def _signal_name(number: int) -> str:
    """Real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
