"""One attempt: a claim that is being worked on."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from taskmill.core.outcome import Failure, Outcome, Raised, Returned, Stopped, TimedOut
from taskmill.core.task import SECOND, Claim, Head, Spec
from taskmill.engine.worker.withheld import kept, masked
from taskmill.executors.contract import LOG_LINES, Context, Executor, Handler


class Run(Context):
    """A claim of the worker: its latest head, what its handler reported, and the handler's own context.

    One object for both sides of an attempt: it is made for every task.
    """

    __slots__ = ("_executor", "_logged", "_note", "_now", "apart", "claim", "ended", "latest_progress", "lines", "took")

    def __init__(
        self,
        claim: Claim,
        executor: Executor,
        now: Callable[[], int],
        note: Callable[["Run"], None],
        logged: Callable[[Spec, Head, str], None] | None = None,
        apart: bool = False,
    ) -> None:
        """`note` hears of new progress, `logged` of log lines (JSON), both from any thread. `apart`: the executor gives
        it a process of its own."""
        spec, head = claim
        self.task = spec
        self.attempt = head.attempt
        self._cancelled = False
        self.claim = claim
        self.apart = apart
        self.ended = False
        """Whether its outcome is on the way to the store."""
        self.latest_progress: str | None = None
        """As JSON."""
        self.took = 0.0
        """Seconds in its slot, once it has left that."""
        self.lines: list[dict[str, Any]] = []
        self._executor = executor
        self._now = now
        self._note = note
        self._logged = logged

    async def perform(self, handler: Handler) -> Outcome:
        """Run the handler once, unless the task was cancelled before; cancelling this ends the attempt and raises
        CancelledError."""
        if self.cancelled:
            return Stopped()
        if self.task.timeout is None:
            return kept(await self._executor.run(handler, self))
        return await self._in_time(handler, self.task.timeout / SECOND)

    async def _in_time(self, handler: Handler, seconds: float) -> Outcome:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                outcome = kept(await self._executor.run(handler, self))
        except (TimeoutError, asyncio.CancelledError):
            if not limit.expired():
                raise
        else:
            # A handler that went on although it was cancelled is late all the same, unless it says what should be done.
            if not limit.expired() or not isinstance(outcome, Returned | Raised):
                return outcome
        message = f"the attempt took longer than its timeout of {seconds:g} s"
        return TimedOut(Failure("timed_out", "TimedOut", message))

    def stop(self) -> None:
        """Somebody cancelled the task, or its claim is lost."""
        if not self.cancelled:
            self.request_stop()
            self._executor.request_stop(self)

    def _on_progress(self, fraction: float, note: str) -> None:
        self.latest_progress = json.dumps({"fraction": fraction, "note": masked(note)})
        self._note(self)

    def _on_log(self, level: str, message: str) -> None:
        if len(self.lines) < LOG_LINES:
            line = {"at": self._now(), "level": level, "message": masked(message)}
            self.lines.append(line)
            if self._logged is not None:
                self._logged(self.task, self.claim.head, json.dumps(line))
