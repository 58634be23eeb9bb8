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
from taskmill.supervisor.plan import ENDING, READY, ChildPlan, Plan, SupervisorTimings, to_line

logger = logging.getLogger(__name__)

NEVER = float("inf")


class Child:
    """`module` is run with `python -m`, which does not search the working directory: an `email.py` there would take the
    place of Python's own (`-P`). Its standard input brings the plan, and is open while the supervisor lives."""

    def __init__(
        self,
        name: str,
        module: str,
        plan: Plan,
        timings: SupervisorTimings = SupervisorTimings(),  # noqa: B008
        python: str = sys.executable,
    ) -> None:
        self.name = name
        self._command = [python, "-P", "-m", module, name]
        self._plan = plan
        self._timings = timings
        self._failures = 0
        """Starts in a row that did not last."""
        self.futile_starts = 0
        """Starts in a row after which it ended by itself before it was ready."""
        self.start_at = 0.0
        """When to start it again (monotonic)."""
        self.kill_at = NEVER
        """When to kill it (monotonic): it was asked to end, or ends by itself."""
        self._asked = False
        self.process: subprocess.Popen[bytes] | None = None
        self.starting = False
        """Started, and not heard of since."""
        self.silent = True
        """It has closed the pipe by which it says how it is."""
        self.ready = False
        self.kept_by = ""
        """What keeps it from its end, as far as it said so."""

    @property
    def draining(self) -> bool:
        """It was asked to end."""
        return self._asked

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
                self.process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    pass_fds=(theirs, self._board_fd),
                    start_new_session=True,
                    bufsize=0,
                )
            finally:
                os.close(theirs)
            undo.pop_all()
        self.starting, self.ready, self.silent, self.kept_by = True, False, False, ""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has died already, which is heard of in another way
            plan = ChildPlan(self._plan, self.name, self.owner, theirs, self._board_fd)
            self.process.stdin.write(to_line(plan))

    def drain(self, grace: float) -> None:
        """Ask it to end what it does; it is killed some time after the grace period."""
        if self.process is None:
            return
        self._asked = True
        self._signal(signal.SIGTERM)
        self._expect_end(grace)

    def _expect_end(self, grace: float) -> None:
        self.kill_at = time.monotonic() + grace + self._timings.kill_margin

    def on_status(self) -> None:
        """It said something, or its pipe is closed: then it died, or will."""
        lines = os.read(self.status_fd, 4096).decode(errors="replace").splitlines()
        self.silent = not lines
        for line in lines:
            if line == READY:
                self.ready = True
            elif line == ENDING:
                if self.kill_at == NEVER:
                    self._expect_end(self._plan.settings.grace)
            else:
                self.kept_by = line
        self.starting = False

    def stop_at_once(self) -> None:
        """By another signal, because the kernel makes one of two equal ones that come fast."""
        self._asked = True
        self._signal(signal.SIGUSR1)
        self.kill_at = time.monotonic() + self._timings.kill_margin

    def _signal(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    def kill(self) -> None:
        """With whatever it started itself."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def return_code(self) -> int | None:
        """Once it has ended."""
        return None if self.process is None else self.process.poll()

    def suspects(self) -> dict[str, bool]:
        """Ids of the tasks it ran when it ended, and whether each did so in a process of its own."""
        return board.Board(self._board_fd, self._plan.settings.slots).read()

    def beaten_at(self) -> float:
        """Its latest heartbeat (monotonic); 0 before the first."""
        return board.Board(self._board_fd, self._plan.settings.slots).beaten_at()

    def clean_up(self) -> None:
        """Free what belonged to the ended process, and plan its restart: at once, later if it keeps failing.

        One that was asked to end did not fail.
        """
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        os.close(self.status_fd)
        os.close(self._board_fd)
        drained, self._asked = self.draining, False
        self.process, self.starting, self.ready, self.silent, self.kill_at = None, False, False, True, NEVER
        if drained:
            self._failures, self.start_at = 0, 0.0
        else:
            self._plan_restart()

    def _plan_restart(self) -> None:
        now = time.monotonic()
        self._failures = 0 if now - self.started_at > self._timings.stable_after else self._failures + 1
        rest = 0.0 if self._failures <= 1 else min(self._timings.longest_restart_delay, 0.1 * 2.0**self._failures)
        self.start_at = now + rest
