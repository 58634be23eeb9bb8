"""What every supervised process does: read its plan, report that it is ready, end by a signal or without supervisor."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable

from taskmill.core.errors import StoreUnavailable, TaskmillError
from taskmill.core.own_code import BrokenApp, own_traceback
from taskmill.supervisor.forks import ignore
from taskmill.supervisor.output import configure_output
from taskmill.supervisor.plan import CANNOT_START, ENDING, STORE_AWAY, ChildPlan, from_line


def receive_plan() -> ChildPlan:
    """The plan from standard input, which is nothing afterwards: it is no handler's to read; logging to standard error.

    What was standard input is the `lifeline_fd`.
    """
    ignore(signal.SIGINT)  # of a terminal: the supervisor hears it as well, and decides
    child = from_line(_read_line())
    configure_output(child.name, child.plan.log_level)
    lifeline, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return child._replace(lifeline_fd=lifeline)


def _read_line() -> bytes:
    """The supervisor writes nothing after it."""
    line = b""
    while not line.endswith(b"\n"):
        some = os.read(0, 65_536)
        if not some:
            sys.exit("this process is started by a supervisor: run `taskmill up` or `taskmill worker`")
        line += some
    return line


def run_or_exit(main: Callable[[], None]) -> None:
    """A TaskmillError is printed as one sentence, and the exit code tells the supervisor whether to try again."""
    try:
        main()
    except TaskmillError as error:
        if isinstance(error, BrokenApp) and error.__cause__ is not None:
            print(own_traceback(error.__cause__), file=sys.stderr)
        print(f"error: {error}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        sys.exit(STORE_AWAY if isinstance(error, StoreUnavailable) else CANNOT_START)


def report(child: ChildPlan, status: str) -> None:
    """A line to the supervisor: READY, ENDING, or what keeps the process from its end."""
    with contextlib.suppress(BrokenPipeError):  # the supervisor is gone, and on_input notices it
        os.write(child.status_fd, status.encode() + b"\n")


def stop_on_signals(child: ChildPlan, drain: asyncio.Event, stop: asyncio.Event) -> None:
    """SIGTERM and the end of the supervisor set `drain`, SIGUSR1 sets `stop`.

    A second SIGTERM says no more than the first: a service manager may send one to every process, and the supervisor
    sends its own.
    """
    loop = asyncio.get_running_loop()

    def on_term() -> None:
        report(child, ENDING)
        drain.set()

    loop.add_signal_handler(signal.SIGTERM, on_term)
    loop.add_signal_handler(signal.SIGUSR1, stop.set)

    def on_input() -> None:
        if not os.read(child.lifeline_fd, 1):
            loop.remove_reader(child.lifeline_fd)
            drain.set()

    loop.add_reader(child.lifeline_fd, on_input)
