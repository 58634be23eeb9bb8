"""The freshest that was heard of each task: what keeps stale events from beating it."""

from collections import OrderedDict

from taskmill.core.events import TaskEvent

KEPT = 10_000
"""Tasks; who was heard of longest ago is forgotten first."""


class Newest:
    def __init__(self) -> None:
        self._events: OrderedDict[str, TaskEvent] = OrderedDict()

    def take(self, event: TaskEvent) -> bool:
        """False: it is stale. A log line never is, and is not kept."""
        if event.kind == "log":
            return True
        known = self._events.get(event.id)
        if known is not None and (known.version, known.at) > (event.version, event.at):
            return False
        self._events[event.id] = event
        self._events.move_to_end(event.id)
        if len(self._events) > KEPT:
            self._events.popitem(last=False)
        return True

    def get(self, id: str) -> TaskEvent | None:
        return self._events.get(id)

    def forget(self) -> None:
        self._events.clear()
