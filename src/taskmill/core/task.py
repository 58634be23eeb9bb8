"""A task has two halves: a Spec that never changes and a small Head that does.

Times are integer microseconds since the Unix epoch (UTC), durations integer microseconds.
JSON fields contain JSON text. Named tuples, not dataclasses: thousands are made each second.
"""

from enum import IntEnum
from typing import Literal, NamedTuple

from taskmill.core.state import State

SECOND = 1_000_000


class Priority(IntEnum):
    """Within a queue, lower runs first."""

    HIGH = 1
    NORMAL = 2
    LOW = 3


PriorityWord = Literal["high", "normal", "low"]
PRIORITY_WORDS: dict[int, PriorityWord] = {Priority.HIGH: "high", Priority.NORMAL: "normal", Priority.LOW: "low"}
PRIORITIES: dict[str, Priority] = {word: Priority(number) for number, word in PRIORITY_WORDS.items()}
"""By the word that people write."""


class Spec(NamedTuple):
    id: str
    """UUID, version 7 unless the caller gave one."""
    task_type: str
    queue: str
    parameters: str
    """JSON object."""
    priority: int
    attempt_limit: int
    """How many attempts in all; 1 means no retry."""
    retry: str | None
    """JSON of a retry policy (core/retry.py); None is the default policy."""
    timeout: int | None
    """How long one attempt may take."""
    key: str | None
    """Unique among unfinished tasks."""
    tags: str | None
    """JSON array of strings."""
    created_at: int
    meta: str | None = None
    """JSON object (core/meta.py): the caller's own pairs, who made it through which face, and a trace."""


class Head(NamedTuple):
    state: State
    version: int
    attempt: int
    """Attempts begun and not given back."""
    run_at: int
    """Not before this time."""
    lease_owner: str | None = None
    """The worker that runs it; it stays when the task succeeds."""
    lease_until: int | None = None
    cancel: bool = False
    """Somebody asked the running attempt to stop."""
    progress: str | None = None
    """JSON: {"fraction": 0.4, "note": "reading"}."""
    error: str | None = None
    """JSON of the latest error (core/outcome.py, Failure)."""
    result: str | None = None
    """JSON value."""
    started_at: int | None = None
    finished_at: int | None = None
    hold: str | None = None
    """The key while the task is unfinished, else None; unique in the store."""
    losses: int = 0
    """How often a worker died or vanished with this task, or its own process did."""
    crashes: int = 0
    """Of these, how often nothing else can have been the cause: its own process died, or its worker with it alone."""
    expires_at: int | None = None
    """Not started after this time; None once an attempt began."""


class Task(NamedTuple):
    spec: Spec
    head: Head


class Claim(NamedTuple):
    """A task that its owner runs under a lease; only `claim` and `reclaim` make one."""

    spec: Spec
    head: Head


class Ticket(NamedTuple):
    """Word to workers that a task is ready. It may be lost, come twice or late: the claim decides."""

    id: str
    queue: str
    priority: int


class Attempt(NamedTuple):
    """What is kept of one ended attempt."""

    task_id: str
    version: int
    """Version of the head that ended it: unique within the task, which the number is not."""
    number: int
    worker: str | None
    started_at: int | None
    finished_at: int
    outcome: str
    error: str | None
    log: str | None
    """JSON array of {"at", "level", "message"}."""


def success_of(task: Task) -> Attempt | None:
    """The attempt by which a task succeeded, as its head tells it: most of them have no record of their own."""
    spec, head = task
    if head.state is not State.SUCCEEDED or head.finished_at is None:
        return None
    worker, started_at, finished_at = head.lease_owner, head.started_at, head.finished_at
    return Attempt(spec.id, head.version, head.attempt, worker, started_at, finished_at, "succeeded", None, None)


class Decision(NamedTuple):
    """The next head of a task, and what to keep of the attempt it ends, if anything."""

    id: str
    head: Head
    attempt: Attempt | None = None
