"""How an attempt can end. Outcomes are values; one `match` (engine/worker/settle.py) makes each a move of the machine.

Four of them are for handlers to return or raise: Retry, Snooze, Cancel and Fail.
"""

import json
from datetime import timedelta
from typing import NamedTuple


class Failure(NamedTuple):
    """An error as it is stored: enough for a person to find the cause, bounded in size."""

    code: str
    """`exception`, `timed_out`, `worker_lost`, `invalid_parameters`, `invalid_result`, `retry`, `cancelled`,
    `expired` or `failed`."""
    type: str
    message: str
    traceback: str | None = None

    def to_json(self) -> str:
        return json.dumps({name: value for name, value in self._asdict().items() if value is not None})


class Retry(Exception):
    """Run this task again after `delay`, seconds or a timedelta (the retry policy's delay when None); uses up the
    attempt."""

    def __init__(self, delay: float | timedelta | None = None, reason: str = "") -> None:
        super().__init__(reason or "the handler asked for a retry")
        self.delay = None if delay is None else _seconds(delay)


class Snooze(Exception):
    """Run this task again after `delay`, seconds or a timedelta; the attempt is given back."""

    def __init__(self, delay: float | timedelta) -> None:
        self.delay = _seconds(delay)
        super().__init__(f"snoozed for {self.delay} s")


class Cancel(Exception):
    """End this task as cancelled."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or "cancelled by its handler")


class Fail(Exception):
    """End this task as failed, whatever attempts are left."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or "failed by its handler")


def _seconds(delay: object) -> float:
    if isinstance(delay, timedelta):
        return delay.total_seconds()
    if isinstance(delay, int | float) and not isinstance(delay, bool):
        return float(delay)
    raise TypeError(f"delay={delay!r} must be seconds or a timedelta")


class Returned(NamedTuple):
    """The handler returned; `result` is JSON."""

    result: str


class Raised(NamedTuple):
    """The handler raised. `kinds`: names of the exception's class and its bases; `final`: no retry can help."""

    failure: Failure
    kinds: tuple[str, ...] = ()
    final: bool = False


class TimedOut(NamedTuple):
    """The attempt took longer than the task's timeout."""

    failure: Failure


class Stopped(NamedTuple):
    """The handler stopped because somebody cancelled the task."""


class Interrupted(NamedTuple):
    """The worker is stopping, or never began: give the task back, no attempt used."""


class Lost(NamedTuple):
    """The worker died or vanished while it held the task, or the process of the attempt died."""

    failure: Failure
    crashed: bool = False
    """Nothing but the task can have been the cause: it ran alone."""


Outcome = Returned | Raised | TimedOut | Stopped | Interrupted | Lost | Retry | Snooze | Cancel | Fail
