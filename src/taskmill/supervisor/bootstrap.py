"""What every supervised process does: read its plan, report that it is ready, end by a signal or without supervisor."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable

from taskmill.core.errors import StoreUnavailable, TaskmillError
from taskmill.engine.worker.withheld import MaskedFormatter
from taskmill.supervisor.plan import CANNOT_START, STORE_AWAY, ChildPlan, from_line

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def receive_plan() -> ChildPlan:
    """The plan from standard input; logging to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
        print(f"error: {error}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        sys.exit(STORE_AWAY if isinstance(error, StoreUnavailable) else CANNOT_START)


def report_ready(child: ChildPlan) -> None:
    with contextlib.suppress(BrokenPipeError):  # the supervisor is gone, and on_input notices it
        os.write(child.status_fd, b"ready")


def stop_on_signals(drain: asyncio.Event, stop: asyncio.Event) -> None:
    """SIGTERM sets `drain`, SIGUSR1 or a second SIGTERM sets `stop`. The end of the supervisor sets `drain` as well."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, lambda: (stop if drain.is_set() else drain).set())
    loop.add_signal_handler(signal.SIGUSR1, stop.set)

    def on_input() -> None:
        if not os.read(0, 1):
            loop.remove_reader(0)
            drain.set()

    loop.add_reader(0, on_input)
