"""What every supervised process does: read its plan, report that it is ready, end by a signal or without supervisor."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable

from taskmill.core.errors import StoreUnavailable, TaskmillError
from taskmill.core.own_code import BrokenApp, own_traceback
from taskmill.engine.worker.withheld import MaskedFormatter
from taskmill.supervisor.forks import ignore
from taskmill.supervisor.plan import CANNOT_START, ENDING, STORE_AWAY, ChildPlan, from_line

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def receive_plan() -> ChildPlan:
    """The plan from standard input; logging to standard error."""
    ignore(signal.SIGINT)  # of a terminal: the supervisor hears it as well, and decides
    child = from_line(_read_line())
    configure_logging(child.name, child.plan.log_level)
    return child


def _read_line() -> bytes:
    """The supervisor writes nothing after it."""
    line = b""
    while not line.endswith(b"\n"):
        some = os.read(0, 65_536)
        if not some:
            sys.exit("this process is started by a supervisor: run `taskmill up` or `taskmill worker`")
        line += some
    return line


def configure_logging(name: str, level: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(MaskedFormatter(f"{name}[{os.getpid()}] {FORMAT}"))
    logging.basicConfig(level=level.upper(), handlers=[handler])


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
        if not os.read(0, 1):
            loop.remove_reader(0)
            drain.set()

    loop.add_reader(0, on_input)
