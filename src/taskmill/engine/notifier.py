"""Tells who should know of what was just stored: workers, whoever waits for a task, and whoever watches."""

import math
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from taskmill.core.events import TaskEvent
from taskmill.core.state import State
from taskmill.core.task import Head, Spec, Ticket
from taskmill.stores.clock import microseconds
from taskmill.stores.contract import Promotion, Store

if TYPE_CHECKING:  # it brings asyncio, which a supervisor does without
    from taskmill.engine.sender import BackgroundSender

HEAD_START = 0.005
"""Seconds that a ticket may leave before its task is stored: a worker that it reaches too early looks again later."""

NEVER = -math.inf


class Notifier:
    """A store, and the ways to tell of its changes. Nothing here raises or waits: all of it is a hint.

    Workers hear by tickets where there is a broker, else by the store's bell; whoever waits for a task by the bell;
    whoever watches by the live feed, if there is one.
    """

    def __init__(
        self,
        store: Store,
        tickets: "BackgroundSender[Ticket] | None" = None,
        events: "BackgroundSender[TaskEvent] | None" = None,
    ) -> None:
        self.store = store
        self.tickets = tickets
        self.events = events
        self._ring = store.bell.ring

    def coming(self, tasks: Sequence[tuple[Spec, Head]]) -> float:
        """These are about to be stored. A lone ticket sets out now, because it is under way as long as the insert is.

        Returns when that was, for `changed`, which sends another if this one may have come too early.
        """
        if self.tickets is None or len(tasks) != 1 or self.tickets.busy or tasks[0][1].state is not State.READY:
            return NEVER
        self._ready([tasks[0][0]])
        return time.monotonic()

    def changed(self, tasks: Sequence[tuple[Spec, Head]], set_out: float = NEVER) -> None:
        """These heads were written."""
        ready = [spec for spec, head in tasks if head.state is State.READY]
        if ready and time.monotonic() - set_out > HEAD_START:
            self._ready(ready)
        if len(ready) < len(tasks):
            self._others(tasks)
        if self.events:
            self.events.put(_event(spec, head) for spec, head in tasks)

    def promoted(self, tasks: Sequence[Promotion]) -> None:
        if tasks:
            self._ready(tasks)
        if self.events:
            now = microseconds()
            self.events.put(
                TaskEvent("state", one.id, one.task_type, one.queue, now, State.READY, one.version, one.attempt)
                for one in tasks
            )

    def started(self, claims: Iterable[tuple[Spec, Head]]) -> None:
        if self.events:
            self.events.put(_event(spec, head) for spec, head in claims)

    def progressed(self, tasks: Sequence[tuple[Spec, Head, str | None]]) -> None:
        """`str`: the progress they told, as JSON."""
        self._ring("progress", [spec.id for spec, _, _ in tasks])
        if self.events:
            self.events.put(_event(spec, head)._replace(kind="progress", progress=told) for spec, head, told in tasks)

    def logged(self, spec: Spec, head: Head, line: str) -> None:
        """`line`: a log line as JSON."""
        if self.events:
            self.events.put((_event(spec, head)._replace(kind="log", line=line),))

    def _others(self, tasks: Sequence[tuple[Spec, Head]]) -> None:
        final = [spec.id for spec, head in tasks if head.finished_at is not None]
        if final:
            self._ring("final", final)
        if any(head.state is State.SCHEDULED for _, head in tasks):
            self._ring("due", ())
        asked_to_stop = [spec.id for spec, head in tasks if head.state is State.RUNNING and head.cancel]
        if asked_to_stop:
            self._ring("cancel", asked_to_stop)

    def _ready(self, tasks: Sequence[Spec] | Sequence[Promotion]) -> None:
        if self.tickets:
            self.tickets.put(Ticket(task.id, task.queue, task.priority) for task in tasks)
        else:
            self._ring("ready", {task.queue for task in tasks})


def _event(spec: Spec, head: Head) -> TaskEvent:
    return TaskEvent(
        "state",
        spec.id,
        spec.task_type,
        spec.queue,
        microseconds(),
        head.state,
        head.version,
        head.attempt,
        head.progress,
        head.error,
    )
