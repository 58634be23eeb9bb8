"""What a store promises. The conformance suite (taskmill.testing.conformance) holds every store to it.

All verbs take batches and are atomic per task. `now` is for tests; without it the store's own clock judges
leases and due times. A verb raises StoreUnavailable when the store cannot be reached; nothing is half-done then.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from taskmill.core.state import State
from taskmill.core.task import Attempt, Claim, Decision, Task
from taskmill.stores.beside import Audit, Records
from taskmill.stores.beside import AuditFilter as AuditFilter
from taskmill.stores.beside import QueueRow as QueueRow
from taskmill.stores.beside import Registry as Registry
from taskmill.stores.beside import TaskTypeRow as TaskTypeRow
from taskmill.stores.beside import WorkerRow as WorkerRow

Topic = Literal["ready", "due", "final", "cancel", "progress", "access"]
"""ready: queue names. due: nothing (a task was scheduled). final, cancel, progress: task ids. access: nothing (a user,
a session or a token changed)."""
ANY = ""
"""In place of an item: it could be any, so look at all of them. Every ear may hear it on every topic."""


Caller = Literal["thread", "worker", "loop"]
"""Who calls the verbs: a thread without an event loop (they never suspend), the loop of a worker (they may block it
for a moment, where that is fastest), or a loop that they must not block."""
Durability = Literal["power", "process"]
"""What a stored task survives: a power cut, or only the death of every process (faster)."""


class ClaimQuery(NamedTuple):
    """Which tasks a worker wants: every condition that is given must hold."""

    limit: int
    queues: Collection[str] | None = None
    """None: all."""
    ids: Collection[str] | None = None
    """None: all."""
    ready_for: int = 0
    """Only tasks that have been due for at least so many microseconds."""
    task_types: Collection[str] | None = None
    """None: all."""
    priority: int | None = None
    """None: all."""
    after: str | None = None
    """The queue that was served last: the others, in the order of their names from there, come before it."""


class Beat(NamedTuple):
    """A sign of life for one claim."""

    id: str
    version: int
    progress: str | None


class Promotion(NamedTuple):
    """One task that became ready, without its parameters."""

    id: str
    task_type: str
    queue: str
    priority: int
    version: int
    attempt: int


class Promoted(NamedTuple):
    tasks: list[Promotion]
    """Those that were due first come first."""
    next_due: int | None
    """When the next scheduled task is due."""


class TaskFilter(NamedTuple):
    """Every condition that is given must hold; tags: all of them."""

    states: tuple[State, ...] = ()
    queues: tuple[str, ...] = ()
    task_types: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    key: str | None = None
    created_after: int | None = None
    created_before: int | None = None
    meta: tuple[str, str] | None = None
    """One own pair: its name, and its value as text; 42 is the number or the text."""


class Page(NamedTuple):
    """Newest first; `cursor` continues after the last task and stays right while tasks are added."""

    tasks: list[Task]
    cursor: str | None


class Export(NamedTuple):
    """Oldest first; `cursor` continues after the last task."""

    tasks: list[Task]
    attempts: list[Attempt]
    """Of these tasks; those of one task oldest first."""
    cursor: str | None


class Stats(NamedTuple):
    states: dict[State, int]
    oldest_ready: int | None
    """run_at of the ready task that has been due longest."""


class Waiting(NamedTuple):
    """How many tasks of one queue and type are ready."""

    queue: str
    task_type: str
    tasks: int


class Ear(Protocol):
    """Hears the topics it was opened for. Best effort: what it misses must be found by a slow look."""

    async def wait(self, timeout: float | None) -> list[tuple[Topic, str]]:
        """What was rung since the last call; empty after `timeout` seconds of silence."""
        ...

    def close(self) -> None: ...


class Bell(Protocol):
    """Wakes whoever waits for a change, in this process and in others on the same store."""

    def ring(self, topic: Topic, items: Collection[str]) -> None:
        """Never raises and never blocks."""
        ...

    def listen(self, *topics: Topic) -> Ear: ...


class Tasks(Protocol):
    """The verbs by which tasks live; only they change a task."""

    async def add(self, tasks: Sequence[Task]) -> dict[int, str]:
        """Inserts new tasks. Returns, for each task that was not inserted, its position and the id of the existing one.

        A task is there already when its id is known or an unfinished task holds its key. Positions count
        within `tasks`, so two of one batch may clash: the first is inserted.
        """
        ...

    async def get(self, ids: Sequence[str]) -> dict[str, Task]:
        """Snapshots of those that exist."""
        ...

    async def expired(self, limit: int, now: int | None = None) -> list[Task]:
        """Unfinished tasks that may not start any more (machine.expire), those that expired first first."""
        ...

    async def claim(self, owner: str, lease: int, query: ClaimQuery, now: int | None = None) -> list[Claim]:
        """ready → running (machine.start) for what the query asks for, in the order (priority, run_at, age).

        With `after`, queue by queue, each in that order. A task of a paused queue is never claimed, nor
        one that has expired.
        """
        ...

    async def reclaim(
        self, owner: str, lease: int, limit: int, *, dead: Collection[str] = (), now: int | None = None
    ) -> list[Claim]:
        """Take over (machine.take_over) claims whose lease ended before now, or whose owner is one of `dead`.

        Those whose lease ended first come first.
        """
        ...

    async def extend(self, owner: str, beats: Sequence[Beat], lease: int, now: int | None = None) -> list[str]:
        """Renew leases and store progress (None: leave it); the version stays.

        Returns the ids that are not this claim any more. No id may come twice in a batch.
        """
        ...

    async def sustain(self, owner: str, lease: int, now: int | None = None) -> None:
        """Renew the leases of all that this owner runs, and the time at which it was seen as a worker; the versions
        stay. For who knows that the owner lives although it cannot say so."""
        ...

    async def save(self, decisions: Sequence[Decision]) -> list[str]:
        """Write each head whose stored version is its own minus one, with its attempt record if that is not there.

        Returns the ids of the others: stale, gone, or in want of a key that another task holds. A key that one
        of the batch gives up is free for another of it. No id may come twice in a batch.
        """
        ...

    async def turn(
        self, owner: str, decisions: Sequence[Decision], lease: int, query: ClaimQuery, now: int | None = None
    ) -> tuple[list[str], list[Claim]]:
        """`save`, then `claim`, in one round trip: what a busy worker does all day."""
        ...

    async def promote(self, limit: int, now: int | None = None) -> Promoted:
        """scheduled and due → ready (machine.promote), earliest first."""
        ...

    async def purge(
        self, limit: int, *, states: Collection[State], before: int, ids: Collection[str] | None = None
    ) -> int:
        """Delete final tasks (never others) that finished before a time, with their attempts; returns how many.

        `ids`: only those.
        """
        ...


class Reads(Protocol):
    """For people: never on the path of a task."""

    async def find(self, where: TaskFilter, limit: int, cursor: str | None = None) -> Page:
        """Raises InvalidRequest for a cursor that no page gave."""
        ...

    async def ids_between(self, first: str, last: str, limit: int) -> list[str]:
        """Ids of tasks from `first` to `last`, both included, in their order."""
        ...

    async def count(self, where: TaskFilter, limit: int) -> int:
        """How many match, counted no further than `limit`."""
        ...

    async def attempts(self, id: str) -> list[Attempt]:
        """Oldest first."""
        ...

    async def stats(self) -> Stats: ...

    async def waiting(self) -> list[Waiting]:
        """By queue, then task type."""
        ...


class TaskNumbers(Protocol):
    """Short numbers for tasks that somebody asked one for, and what may be changed by them."""

    async def number(self, id: str) -> int | None:
        """The number of a task: 1, 2, 3 …, the next one at the first call. None: there is no such task.

        It goes with the task, and is not given again.
        """
        ...

    async def numbers(self, ids: Sequence[str]) -> dict[str, int]:
        """Of those that have one."""
        ...

    async def numbered(self, number: int) -> str | None:
        """The id of the task that has the number (within 64 bits)."""
        ...

    async def put_numbers(self, numbers: Mapping[str, int]) -> None:
        """Give tasks the numbers they had elsewhere: those that have none yet, and numbers that none has."""
        ...

    async def set_parameters(self, id: str, version: int, parameters: str) -> bool:
        """Replace the parameters of a task that waits to run, if it still has this version; it gets the next one.

        The one change of a spec: nobody has read it to act on it. Returns whether it was done.
        """
        ...


class Copies(Protocol):
    """Tasks as they are, from one store to another."""

    async def export(self, limit: int, cursor: str | None = None) -> Export:
        """Up to `limit` tasks with all that is kept of their attempts. Raises InvalidRequest for a strange cursor."""
        ...

    async def restore(self, tasks: Sequence[Task], attempts: Sequence[Attempt]) -> list[str]:
        """Insert tasks as they are, and what is there with a lower version gets the head and the parameters given.

        Returns the ids of those that stayed out because an unfinished task holds their key; one that a task of the
        batch gives up is free for another of it. `attempts`: of these tasks; those that are there stay as they are.
        No id may come twice in a batch.
        """
        ...


class Store(Tasks, Reads, Registry, TaskNumbers, Records, Audit, Copies, Protocol):
    bell: Bell
    location: str
    """Where it is, for people; without secrets."""

    async def clock(self) -> int:
        """The store's time; needs no write."""
        ...

    async def ping(self) -> int:
        """Check that the store can be written now; returns its clock."""
        ...

    async def open(self) -> None:
        """Connect and bring the schema up to date. Idempotent. Raises SchemaTooNew, StoreUnavailable."""
        ...

    async def close(self) -> None: ...
