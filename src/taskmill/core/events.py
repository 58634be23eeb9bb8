"""What whoever watches is told of a task."""

from typing import Literal, NamedTuple

from taskmill.core.state import State

Kind = Literal["state", "progress", "log"]


class TaskEvent(NamedTuple):
    """One change of one task. Of two about one task, the fresher has the greater (version, at)."""

    kind: Kind
    id: str
    task_type: str
    queue: str
    at: int
    """When, by the clock of whoever told it; for people, and for the order within one version."""
    state: State
    version: int
    """Of the head that holds since then."""
    attempt: int
    progress: str | None = None
    """JSON: {"fraction": 0.4, "note": "reading"}."""
    error: str | None = None
    """JSON of the latest error."""
    line: str | None = None
    """kind `log`: JSON of one line, {"at", "level", "message"}."""
