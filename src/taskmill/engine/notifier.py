"""Tells who should know of what was just stored: workers, whoever waits for a task, and whoever watches."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from taskmill.core import times
from taskmill.core.events import TaskEvent
from taskmill.core.state import State
from taskmill.core.task import Head, Spec, Ticket
from taskmill.engine.early_ticket import NOT_SENT, EarlyTicket
from taskmill.stores.contract import Promotion, Store

if TYPE_CHECKING:  # it brings asyncio, which a supervisor does without
    from taskmill.engine.sender import BackgroundSender


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
        early_ticket: EarlyTicket | None = None,
    ) -> None:
        self.store = store
        self.tickets = tickets
        self.events = events
        self.early_ticket = early_ticket or EarlyTicket()
        self._ring = store.bell.ring

    def changed(self, tasks: Sequence[tuple[Spec, Head]], ticket_sent_at: float = NOT_SENT) -> None:
        """These heads were written. `ticket_sent_at`: of the early ticket of a lone task."""
        ready = [spec for spec, head in tasks if head.state is State.READY]
        if ready and not self.early_ticket.in_time(ticket_sent_at):
            self._ready(ready)
        if len(ready) < len(tasks):
            self._others(tasks)
        if self.events:
            self.events.put(_event(spec, head) for spec, head in tasks)

    def promoted(self, tasks: Sequence[Promotion]) -> None:
        if tasks:
            self._ready(tasks)
        if self.events:
            now = times.now()
            self.events.put(
                TaskEvent("state", one.id, one.task_type, one.queue, now, State.READY, one.version, one.attempt)
                for one in tasks
            )

    def started(self, claims: Iterable[tuple[Spec, Head]]) -> None:
        if self.events:
            self.events.put(_event(spec, head) for spec, head in claims)

    def progressed(self, tasks: Sequence[tuple[Spec, Head, str | None]]) -> None:
        """`str`: the progress they reported, as JSON."""
        self._ring("progress", [spec.id for spec, _, _ in tasks])
        if self.events:
            self.events.put(_event(spec, head)._replace(kind="progress", progress=json) for spec, head, json in tasks)

    def logged(self, spec: Spec, head: Head, line: str) -> None:
        """`line`: a log line as JSON."""
        if self.events:
            self.events.put((_event(spec, head)._replace(kind="log", line=line),))

    def _ready(self, tasks: Sequence[Spec] | Sequence[Promotion]) -> None:
        if self.tickets:
            self.tickets.put(Ticket(task.id, task.queue, task.priority) for task in tasks)
        else:
            self._ring("ready", {task.queue for task in tasks})

    def _others(self, tasks: Sequence[tuple[Spec, Head]]) -> None:
        final = [spec.id for spec, head in tasks if head.finished_at is not None]
        if final:
            self._ring("final", final)
        if any(head.state is State.SCHEDULED for _, head in tasks):
            self._ring("due", ())
        asked_to_stop = [spec.id for spec, head in tasks if head.state is State.RUNNING and head.cancel]
        if asked_to_stop:
            self._ring("cancel", asked_to_stop)


def _event(spec: Spec, head: Head) -> TaskEvent:
    return TaskEvent(
        "state",
        spec.id,
        spec.task_type,
        spec.queue,
        times.now(),
        head.state,
        head.version,
        head.attempt,
        head.progress,
        head.error,
    )
