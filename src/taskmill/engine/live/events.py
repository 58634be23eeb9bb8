"""A stored task as whoever watches is told of it."""

import json
from collections.abc import Iterable

from taskmill.core.events import Kind, TaskEvent
from taskmill.core.state import State
from taskmill.core.task import Attempt, Task


def told(task: Task, at: int, kind: Kind = "state") -> TaskEvent:
    """As it is stored now."""
    spec, head = task
    return TaskEvent(
        kind, spec.id, spec.task_type, spec.queue, at, head.state, head.version, head.attempt, head.progress, head.error
    )


def logged(task: Task, attempts: Iterable[Attempt], since: int) -> list[TaskEvent]:
    """The log lines of the attempts that ended after the version `since`, as far as they are kept."""
    return [line for attempt in attempts if attempt.version > since for line in _lines(task, attempt)]


def _lines(task: Task, attempt: Attempt) -> Iterable[TaskEvent]:
    event = told(task, 0, "log")._replace(
        state=State.RUNNING, version=attempt.version, attempt=attempt.number, progress=None, error=None
    )
    for line in json.loads(attempt.log or "[]"):
        yield event._replace(at=int(line["at"]), line=json.dumps(line, ensure_ascii=False))
