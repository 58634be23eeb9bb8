"""Follow one task to its end, woken by the store's bell."""

import time
from collections.abc import Iterable, Iterator

from taskmill.cli.session import Session
from taskmill.core.errors import ResultTimeout
from taskmill.core.state import FINAL
from taskmill.engine.live.waiter import until_rung
from taskmill.sdk.sync import run
from taskmill.service.service import Service
from taskmill.service.views import TaskView

SLOW_LOOK = 0.5
"""Seconds; for what the bell does not tell: that a task has started, or a ring that was missed."""
PATIENCE = 1.0
"""Seconds until a task that does not start deserves a word."""


class Following:
    def __init__(self, session: Session, id: str, timeout: float | None) -> None:
        self.service, self.bell = session
        self.id = id
        self._timeout = timeout
        self._started = time.monotonic()

    def views(self) -> Iterator[TaskView]:
        """The task now, and whenever something may have changed, until it is final. Raises ResultTimeout, NotFound."""
        ear = self.bell.listen("final", "progress")
        try:
            while True:
                view = run(self.service.get(self.id))
                yield view
                if view.state in FINAL:
                    return
                run(until_rung(ear, view.id, min(SLOW_LOOK, self._left())))
        finally:
            ear.close()

    def _left(self) -> float:
        if self._timeout is None:
            return SLOW_LOOK
        left = self._started + self._timeout - time.monotonic()
        if left <= 0:
            raise ResultTimeout(
                f"task {self.id} has not ended within {self._timeout:g} s; it goes on",
                hint=f"taskmill watch {self.id}",
            )
        return left


def follow(session: Session, id: str, timeout: float | None = None) -> TaskView:
    """The final task."""
    return shown(session.service, Following(session, id, timeout).views())


def shown(service: Service, views: Iterable[TaskView]) -> TaskView:
    """The last of the views. Shows a progress bar on a terminal, and why nothing happens when nothing does."""
    from taskmill.cli.progress import display

    started, view = time.monotonic(), None
    with display() as screen:
        for view in views:
            screen.update(view, _trouble(service, view, started))
    assert view is not None
    return view


def _trouble(service: Service, view: TaskView, started: float) -> str | None:
    """Why the task may not start, once it has had the time to."""
    if time.monotonic() - started < PATIENCE:
        return None
    return run(service.why_not_started(view.id))
