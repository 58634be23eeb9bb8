"""Single tasks, looked up: the task as the store has it, and its status, for which a cache is asked first."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from taskmill.core.errors import NotFound
from taskmill.core.events import TaskEvent
from taskmill.core.state import FINAL
from taskmill.core.task import Attempt, Task, success_of
from taskmill.engine.live.events import state_event
from taskmill.stores.contract import Store

FINALS = 10_000
"""Final tasks of which the version is remembered."""

GetTask = Callable[[str], Awaitable[Task]]
"""The task as the store has it now. Raises NotFound, StoreError."""


async def attempts_of(store: Store, task: Task) -> list[Attempt]:
    """Those that have ended, oldest first."""
    kept = await store.attempts(task.spec.id)
    success = success_of(task)
    return kept if success is None or any(each.version == success.version for each in kept) else [*kept, success]


async def get_task(store: Store, id: str) -> Task:
    """Raises NotFound, StoreError."""
    task = (await store.get([id])).get(id)
    if task is None:
        raise not_found(id)
    return task


def not_found(id: str) -> NotFound:
    return NotFound(f"there is no task {id}", hint="it was never stored here, or its retention is over")


class StatusCache(Protocol):
    """What a live feed remembers."""

    async def latest(self, ids: Collection[str]) -> dict[str, TaskEvent]: ...

    async def remember(self, events: Sequence[TaskEvent]) -> None: ...


class Status(NamedTuple):
    event: TaskEvent
    """State, progress and version."""
    cached: bool


class StatusLookup:
    """Asks the cache, then the store, and has the cache remember what the store said."""

    def __init__(self, cache: StatusCache | None, get: GetTask) -> None:
        self._cache = cache
        self._get = get
        self._finals: OrderedDict[str, int] = OrderedDict()

    async def status(self, id: str, seen: int = 0) -> Status:
        """The cache is not believed when it has an older version than the one `seen`, or than a noted final one.

        Raises NotFound, StoreError.
        """
        cached = (await self._cache.latest([id])).get(id) if self._cache else None
        if cached is not None and cached.version >= max(seen, self._finals.get(id, 0)):
            return Status(cached, True)
        event = state_event(await self._get(id), 0)  # at 0: whatever a worker says of this version is as fresh
        if self._cache:
            await self._cache.remember([event])
        return Status(event, False)

    def note_final(self, task: Task) -> None:
        """Called with what the store gave; only final tasks are noted."""
        if self._cache and task.head.state in FINAL:
            self._finals[task.spec.id] = task.head.version
            if len(self._finals) > FINALS:
                self._finals.popitem(last=False)
