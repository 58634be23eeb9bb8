"""One supervised process, seen from its supervisor."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time

from taskmill.engine.worker import board
from taskmill.supervisor.plan import ChildPlan, Plan, to_line

logger = logging.getLogger(__name__)

SETTLED = 10.0
"""Seconds after which a start counts as good, so that the next restart does not wait."""
LONGEST_REST = 10.0


class Child:
    """`module` is run with `python -m`. Its standard input brings the plan, and is open while the supervisor lives."""

    def __init__(self, name: str, module: str, plan: Plan) -> None:
        self.name = name
        self._module = module
        self._plan = plan
        self._failures = 0
        self.start_at = 0.0
        """When to start it again (monotonic)."""
        self.process: subprocess.Popen[bytes] | None = None
        self.starting = False
        """Started, and not heard of since."""
        self.ready = False

    def start(self) -> None:
        """Tries again later when the system gives no process, or no file."""
        self.owner = f"{socket.gethostname()}/{self.name}/{os.urandom(4).hex()}"
        self.started_at = time.monotonic()
        try:
            self._spawn()
        except OSError as error:
            logger.error("%s cannot be started, trying again: %s", self.name, error)
            self._plan_restart()

    def _spawn(self) -> None:
        with contextlib.ExitStack() as undo:
            self._board_fd = board.make(self._plan.settings.slots)
            undo.callback(os.close, self._board_fd)
            self.status_fd, theirs = os.pipe()
            undo.callback(os.close, self.status_fd)
            try:
                self.process = self._run(theirs)
            finally:
                os.close(theirs)
            undo.pop_all()
        self.starting, self.ready = True, False
        self._hand_plan(ChildPlan(self._plan, self.name, self.owner, theirs, self._board_fd))

    def _run(self, status_fd: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", self._module, self.name],
            stdin=subprocess.PIPE,
            pass_fds=(status_fd, self._board_fd),
            start_new_session=True,
            bufsize=0,
        )

    def _hand_plan(self, plan: ChildPlan) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has died already, which is heard of in another way
            self.process.stdin.write(to_line(plan))

    def signal(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    def kill(self) -> None:
        """With whatever it started itself."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def ended(self) -> int | None:
        """The return code, once it has ended."""
        return None if self.process is None else self.process.poll()

    def suspects(self) -> set[str]:
        """Ids of the tasks it ran when it ended."""
        return board.Board(self._board_fd, self._plan.settings.slots).read()

    def bury(self) -> None:
        """Free what belonged to the ended process, and plan its restart: at once, later if it keeps failing."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        os.close(self.status_fd)
        os.close(self._board_fd)
        self.process, self.starting = None, False
        self._plan_restart()

    def _plan_restart(self) -> None:
        lived = time.monotonic() - self.started_at
        self._failures = 0 if lived > SETTLED else self._failures + 1
        rest = 0.0 if self._failures <= 1 else min(LONGEST_REST, 0.1 * 2.0**self._failures)
        self.start_at = time.monotonic() + rest
