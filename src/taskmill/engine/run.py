"""One attempt: a claim that is being worked on."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from taskmill.core.outcome import Failure, Outcome, TimedOut
from taskmill.core.task import SECOND, Claim
from taskmill.executors.contract import Context, Executor, Handler, running

LOG_LINES = 200
LOG_LINE_LENGTH = 2_000


class Run:
    """What the worker knows of a claim it holds: its latest head, its progress and its log lines."""

    __slots__ = ("claim", "context", "executor", "log", "now", "on_progress", "progress")

    def __init__(self, claim: Claim, executor: Executor, now: Callable[[], int], on_progress: Callable[["Run"], None]):
        self.claim = claim
        self.executor = executor
        self.now = now
        self.on_progress = on_progress
        self.progress: str | None = None
        self.log: list[dict[str, Any]] = []
        self.context = Context(claim.spec, claim.head.attempt, self._say, self.write)

    def _say(self, fraction: float, note: str) -> None:
        self.progress = json.dumps({"fraction": fraction, "note": note[:LOG_LINE_LENGTH]})
        self.on_progress(self)

    def write(self, level: str, message: str) -> None:
        if len(self.log) < LOG_LINES:
            self.log.append({"at": self.now(), "level": level, "message": message[:LOG_LINE_LENGTH]})

    def request_stop(self) -> None:
        self.context.request_stop()
        self.executor.request_stop(self.context)


async def attempt(run: Run, handler: Handler) -> Outcome:
    """Run the handler once; cancelling this ends the attempt and raises CancelledError."""
    spec = run.claim.spec
    running.set(run.context)
    if spec.timeout is None:
        return await run.executor.run(handler, spec, run.context)
    try:
        async with asyncio.timeout(spec.timeout / SECOND):
            return await run.executor.run(handler, spec, run.context)
    except TimeoutError:
        seconds = f"{spec.timeout / SECOND:g}"
        return TimedOut(Failure("timed_out", "TimedOut", f"the attempt took longer than its timeout of {seconds} s"))
