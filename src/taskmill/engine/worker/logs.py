"""What is logged of attempts: the worker's own lines about how they went, and what a handler's code logs meanwhile."""

import contextlib
import json
import logging
import re
import sysconfig
from collections.abc import Iterable, Sequence
from typing import Any

from taskmill.core.outcome import Interrupted, Lost, Outcome, Snooze
from taskmill.core.state import State
from taskmill.core.task import SECOND, Decision
from taskmill.engine.worker.run import Run
from taskmill.executors.call import target
from taskmill.executors.contract import Handler, running

logger = logging.getLogger("taskmill.worker")

OURS = ("taskmill.engine", "taskmill.worker")
"""Loggers that speak of attempts, and not for a handler."""
_STANDARD = sysconfig.get_path("stdlib")
_INSTALLED = re.compile(r"[\\/](?:site|dist)-packages[\\/]")

_own: set[str] = set()
"""Packages that handlers are in, wherever they are installed."""


class Lines:
    """Several messages as one record: a record for each task would take a tenth of a busy worker's time."""

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = messages

    def __str__(self) -> str:
        return "\n".join(self.messages)


def log_start(run: Run) -> None:
    """At level debug."""
    logger.debug("%s starts, attempt %d of %d", _named(run), run.attempt, run.task.attempt_limit)


def log_ends(saved: Iterable[tuple[Run, Outcome, Decision]]) -> None:
    """Of attempts whose end is stored: failures at level warning with their traceback, all else at info."""
    info = logger.isEnabledFor(logging.INFO)
    succeeded = []
    for run, outcome, decision in saved:
        state = decision.head.state
        if state is State.SUCCEEDED:
            if info:
                succeeded.append(f"task {run.task.id} {run.task.task_type} succeeded in {run.took:.3f} s")
        elif isinstance(outcome, Interrupted):
            logger.debug("%s is given back", _named(run))
        elif state is State.CANCELLED:
            logger.info("%s is cancelled after %.3f s", _named(run), run.took)
        elif isinstance(outcome, Snooze):
            logger.info("%s snoozes for %s", _named(run), _pause(decision))
        else:
            logger.warning("%s", _failure(run, outcome, decision))
    if succeeded:
        logger.info(Lines(succeeded))


def _named(run: Run) -> str:
    return f"task {run.task.id} {run.task.task_type}"


def _pause(decision: Decision) -> str:
    ended = decision.attempt.finished_at if decision.attempt else decision.head.run_at
    return f"{max(0, decision.head.run_at - ended) / SECOND:.3f} s"


def _failure(run: Run, outcome: Outcome, decision: Decision) -> str:
    error: dict[str, Any] = json.loads(decision.head.error or "{}")
    what = ": ".join(filter(None, (error.get("type"), error.get("message"))))
    happened = "was lost after" if isinstance(outcome, Lost) else "failed in"
    then = "for good" if decision.head.state is State.FAILED else f"again in {_pause(decision)}"
    attempt = f"attempt {run.attempt} of {run.task.attempt_limit}"
    text = f"{_named(run)} {happened} {run.took:.3f} s, {attempt}, {then}: {what}\n{error.get('traceback') or ''}"
    return text.rstrip()


class AttemptLogger(logging.Logger):
    """Keeps with an attempt what its handler's code logs, from INFO on, and prints what it would print otherwise.

    No handler of the root logger could do the first: an app that configures logging anew replaces those, sets the
    root's level, and disables the loggers there are (`logging.config.dictConfig` does, unless told not to). What a
    logger's own level leaves out is not kept either. Taskmill's own loggers cannot be disabled.
    """

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802
        return self._prints(level) or self._keeps(level)

    def handle(self, record: logging.LogRecord) -> None:
        found: Any = self.filter(record)
        if not found:
            return
        if isinstance(found, logging.LogRecord):  # since Python 3.12 a filter may replace it
            record = found
        if self._keeps(record.levelno):
            _keep(record)
            if not self._prints(record.levelno):
                return
        if not self.disabled or self._is_ours():
            self.callHandlers(record)

    def _prints(self, level: int) -> bool:
        if self.disabled and self._is_ours():
            return level >= self.getEffectiveLevel()
        return super().isEnabledFor(level)

    def _keeps(self, level: int) -> bool:
        if running.get() is None or level < logging.INFO or self.manager.disable >= level:
            return False
        one: logging.Logger | None = self
        while one is not None and one.parent is not None:
            if one.level and one.name != "taskmill":
                return level >= one.level
            one = one.parent
        return True

    def _is_ours(self) -> bool:
        return self.name == "taskmill" or self.name.startswith("taskmill.")


def _keep(record: logging.LogRecord) -> None:
    context = running.get()
    if context is None or record.name.startswith(OURS) or is_chatter(record):
        return
    try:
        message = record.getMessage()
    except Exception:  # arguments that do not fit: no error of the handler, and whatever prints the record says so
        message = str(record.msg)
    context.log(message, record.levelname.lower())


def is_chatter(record: logging.LogRecord) -> bool:
    """What a library says below WARNING, such as each URL that it asks."""
    return (
        record.levelno < logging.WARNING
        and (record.pathname.startswith(_STANDARD) or _INSTALLED.search(record.pathname) is not None)
        and record.name.partition(".")[0] not in _own
    )


def capture() -> None:
    """For the whole process, from now on: the loggers there are, and those that are still to be made."""
    if logging.getLoggerClass() is logging.Logger:
        logging.setLoggerClass(AttemptLogger)
    for one in (logging.root, *logging.root.manager.loggerDict.values()):
        kind = type(one)
        if isinstance(one, logging.Logger) and not isinstance(one, AttemptLogger):
            with contextlib.suppress(TypeError):  # a class of its own layout stays what it is
                one.__class__ = (
                    AttemptLogger if kind is logging.Logger else type(kind.__name__, (AttemptLogger, kind), {})
                )


def capture_all_of(handlers: Iterable[Handler]) -> None:
    """Once the app is imported: its loggers, and also what its packages say below WARNING, where they are installed
    beside libraries."""
    capture()
    _own.update(target(handler.fn).__module__.partition(".")[0] for handler in handlers)
