"""A stored task as an event, for whoever watches it."""

import json
from collections.abc import Iterable

from taskmill.core.events import Kind, TaskEvent
from taskmill.core.state import State
from taskmill.core.task import Attempt, Task


def state_event(task: Task, at: int, kind: Kind = "state") -> TaskEvent:
    """How the task is now. `at`: microseconds since the epoch."""
    spec, head = task
    return TaskEvent(
        kind, spec.id, spec.task_type, spec.queue, at, head.state, head.version, head.attempt, head.progress, head.error
    )


def log_events(task: Task, attempts: Iterable[Attempt], since: int) -> list[TaskEvent]:
    """The log lines of the attempts that ended after the version `since`, as far as they are kept."""
    found: list[TaskEvent] = []
    for attempt in attempts:
        if attempt.version > since:
            event = state_event(task, 0, "log")._replace(
                state=State.RUNNING, version=attempt.version, attempt=attempt.number, progress=None, error=None
            )
            lines = json.loads(attempt.log or "[]")
            found += [event._replace(at=int(line["at"]), line=json.dumps(line, ensure_ascii=False)) for line in lines]
    return found
