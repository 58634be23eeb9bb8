"""How a worker works. Durations in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from taskmill.core.state import State
from taskmill.core.times import DAY


def _retention() -> dict[State, float]:
    return {State.SUCCEEDED: 7 * DAY, State.CANCELLED: 7 * DAY, State.FAILED: 30 * DAY}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    queues: tuple[str, ...] | None = None
    """Served queues; None is all there are."""
    slots: int = 16
    """Attempts at once, in each worker process."""
    lease: float = 15.0
    """How long a claim holds without a sign of life."""
    grace: float = 30.0
    """How long running attempts may go on after SIGTERM."""
    poll: float = 1.0
    """The slow look at the store, for wake-ups that were missed."""
    retention: Mapping[State, float] = field(default_factory=_retention)
    """How long final tasks are kept, by state."""
