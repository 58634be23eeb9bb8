"""What a worker needs of a handler, what a handler gets, and what an executor promises."""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

from taskmill.core.outcome import Outcome
from taskmill.core.task import Spec

LOG_LINES = 200
"""Kept of each attempt."""
TEXT_LIMIT = 2_000
"""Characters kept of a log line, and of the words of a progress."""


class Handler(Protocol):
    """A task type as the worker sees it."""

    name: str
    executor: str
    context_parameter: str | None

    @property
    def fn(self) -> Callable[..., Any]: ...

    def decode(self, parameters: str) -> dict[str, Any]:
        """Arguments by name, from the parameters' JSON. Raises InvalidParameters."""
        ...

    def encode_result(self, value: Any) -> str:
        """JSON of a result. Raises TypeError or ValueError."""
        ...


def storable(text: str) -> str:
    """What no store or reader of JSON could hold is shown escaped: half a surrogate pair (as in the name of a file that
    is no UTF-8), and NUL."""
    if "\0" in text:
        text = text.replace("\0", "\\x00")
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


class StopRequested(BaseException):
    """Raised by `Context.raise_if_cancelled` when the attempt should stop, and in the thread of a `def` handler whose
    time is over. No Exception, so that a handler's `except Exception` does not swallow it, as with CancelledError."""


class Context:
    """What a handler may ask and say about its own attempt. Usable from any thread."""

    __slots__ = ("_cancelled", "attempt", "task")

    def __init__(self, task: Spec, attempt: int) -> None:
        self.task = task
        self.attempt = attempt
        """1 for the first attempt."""
        self._cancelled = False

    def progress(self, fraction: float, note: str = "") -> None:
        """Report how far this attempt is: 0 to 1, and a few words."""
        self._on_progress(min(1.0, max(0.0, float(fraction))), storable(str(note)[:TEXT_LIMIT]))

    def log(self, message: str, level: str = "info") -> None:
        """Keep a line with this attempt. Records of `logging` that the handler's code emits are kept as well."""
        self._on_log(storable(str(level)), storable(str(message)[:TEXT_LIMIT]))

    @property
    def cancelled(self) -> bool:
        """Whether this attempt should stop: somebody cancelled the task, or its timeout is over."""
        return self._cancelled

    def raise_if_cancelled(self) -> None:
        """End this attempt here, by an exception, if somebody asked for that."""
        if self._cancelled:
            raise StopRequested

    def give_up(self) -> None:
        """Nothing here can end this attempt any more (a library hangs): have it ended from outside, at once.

        Ends the process of an attempt that has one to itself; a cancelled task is then cancelled, any other is retried
        as after a loss. Elsewhere it does nothing, because it would take neighbours along.
        """

    @property
    def logger(self) -> logging.Logger:
        """Of this task type; what it logs is kept with the attempt."""
        return logging.getLogger(f"taskmill.task.{self.task.task_type}")

    def request_stop(self) -> None:
        """The executor's side of `cancelled`."""
        self._cancelled = True

    def _on_progress(self, fraction: float, note: str) -> None:
        raise NotImplementedError

    def _on_log(self, level: str, message: str) -> None:
        raise NotImplementedError


running: ContextVar[Context | None] = ContextVar("taskmill_context", default=None)


def current() -> Context | None:
    """The context of the attempt this code runs in, wherever it is called from."""
    return running.get()


class Executor(Protocol):
    async def run(self, handler: Handler, context: Context) -> Outcome:
        """Run one attempt of `context.task` to its outcome; what a handler does wrong never raises here.

        Cancelling this coroutine ends the attempt at once, as far as the executor can.
        """
        ...

    def request_stop(self, context: Context) -> None:
        """Somebody cancelled the task: ask the attempt to stop, as gently as the executor can."""
        ...

    async def close(self) -> None: ...
