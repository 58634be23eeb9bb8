"""How a worker works. Durations in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from taskmill.core import machine
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
    processes: int = 16
    """Attempts at once, in each worker process, of handlers that get a process of their own."""
    lease: float = 15.0
    """How long a claim stays without a sign of life."""
    grace: float = 30.0
    """How long running attempts may go on after SIGTERM."""
    loss_limit: int = machine.LOSS_LIMIT
    """Losses of a task that nobody explains, after which it is parked as failed."""
    poll: float = 1.0
    """The slow look at the store, for wake-ups that were missed."""
    retention: Mapping[State, float] = field(default_factory=_retention)
    """How long final tasks are kept, by state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerTimings:
    """What nobody has to set; tests do."""

    idle_timeout: float = 0.25
    """How long a claim or a ticket may wait for a slot before it goes back to others."""
    ticket_grace: float = 1.0
    """How long a ready task is left to its ticket before it is claimed by queue."""
    ticketless_interval: float = 5.0
    """Between claims by queue while tickets keep coming."""
    sorting_window: float = 0.2
    """Tickets that come this soon after an idle time were probably queued before."""
    sorting_delay: float = 0.01
    """How long the first of those wait for the others, so that high ones go first."""
    progress_delay: float = 0.25
    """Between progress and its write, so that several go together."""
    failure_pause: float = 0.5
    """Before the next try, after the store failed."""
    close_timeout: float = 5.0
    """How long a worker that ends tries to save the last outcomes while the store fails."""
