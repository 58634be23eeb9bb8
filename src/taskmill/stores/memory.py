"""The reference store: what every other store must do, in plain dictionaries. Nothing outlives the process."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice

from taskmill.core.state import State
from taskmill.core.task import Attempt, Task
from taskmill.stores.clock import microseconds
from taskmill.stores.contract import Bell, Export, Filter, Page, QueueRow, Stats, TaskTypeRow, WorkerRow
from taskmill.stores.cursors import position
from taskmill.stores.local_bell import LocalBell
from taskmill.stores.memory_tasks import MemoryTasks


class MemoryStore(MemoryTasks):
    """With the reads and the registry."""

    def __init__(self) -> None:
        super().__init__()
        self.bell: Bell = LocalBell()
        self.place = "memory"
        self._workers: dict[str, WorkerRow] = {}
        self._types: dict[str, TaskTypeRow] = {}

    async def find(self, where: Filter, limit: int, cursor: str | None = None) -> Page:
        before = position(cursor)
        with self._lock:
            newest_first = sorted(self._tasks.values(), key=lambda task: -self._ages[task.spec.id])
            older = (task for task in newest_first if self._ages[task.spec.id] < before)
            found = list(islice(_matching(where, older), limit + 1))
            page = found[:limit]
            return Page(page, str(self._ages[page[-1].spec.id]) if page and len(found) > limit else None)

    async def count(self, where: Filter, limit: int) -> int:
        with self._lock:
            return sum(1 for _ in islice(_matching(where, self._tasks.values()), limit))

    async def attempts(self, id: str) -> list[Attempt]:
        with self._lock:
            return sorted(self._attempts.get(id, []), key=lambda attempt: attempt.version)

    async def stats(self) -> Stats:
        with self._lock:
            heads = [task.head for task in self._tasks.values()]
        states = {state: sum(head.state is state for head in heads) for state in State}
        return Stats(states, min((head.run_at for head in heads if head.state is State.READY), default=None))

    async def export(self, limit: int, cursor: str | None = None) -> Export:
        after = position(cursor, first=0)
        with self._lock:
            newer = [task for task in self._tasks.values() if self._ages[task.spec.id] > after]
            page = sorted(newer, key=lambda task: self._ages[task.spec.id])[:limit]
            attempts = [attempt for task in page for attempt in self._attempts.get(task.spec.id, [])]
            return Export(page, attempts, str(self._ages[page[-1].spec.id]) if 0 < limit < len(newer) else None)

    async def restore(self, tasks: Sequence[Task], attempts: Sequence[Attempt]) -> list[str]:
        with self._lock:
            known = [task for task in tasks if task.spec.id in self._tasks]
            known.sort(key=lambda task: task.head.hold is not None)  # keys are given up before they are taken
            refused = {task.spec.id for task in [*known, *tasks] if not self._restore(task)}
            for attempt in attempts:
                kept = self._attempts.setdefault(attempt.task_id, [])
                if attempt.task_id not in refused and attempt.version not in {each.version for each in kept}:
                    kept.append(attempt)
        return [task.spec.id for task in tasks if task.spec.id in refused]

    async def put_worker(self, row: WorkerRow) -> None:
        with self._lock:
            self._workers[row.id] = row._replace(seen_at=microseconds())

    async def drop_worker(self, id: str) -> None:
        with self._lock:
            self._workers.pop(id, None)

    async def workers(self) -> list[WorkerRow]:
        with self._lock:
            return sorted(self._workers.values())

    async def put_task_types(self, rows: Sequence[TaskTypeRow]) -> None:
        with self._lock:
            for row in rows:
                self._types[row.name] = row._replace(seen_at=microseconds())
                self._paused.setdefault(row.queue, False)

    async def task_types(self) -> list[TaskTypeRow]:
        with self._lock:
            return sorted(self._types.values())

    async def queues(self) -> list[QueueRow]:
        with self._lock:
            return [QueueRow(name, paused, *self._depths(name)) for name, paused in sorted(self._paused.items())]

    async def pause(self, queue: str, paused: bool) -> None:
        with self._lock:
            self._paused[queue] = paused

    async def clock(self) -> int:
        return microseconds()

    async def ping(self) -> int:
        return microseconds()

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do; the tasks stay until the object goes."""

    def _restore(self, task: Task) -> bool:
        there = self._tasks.get(task.spec.id)
        if there is not None and there.head.version >= task.head.version:
            return True
        if task.head.hold is not None and self._holds.get(task.head.hold, task.spec.id) != task.spec.id:
            return False
        self._paused.setdefault(task.spec.queue, False)
        if there is None:
            self._insert(task)
        else:
            self._put(there, task.head)
        return True

    def _depths(self, queue: str) -> tuple[int, int, int]:
        states = [task.head.state for task in self._tasks.values() if task.spec.queue == queue]
        return states.count(State.READY), states.count(State.RUNNING), states.count(State.SCHEDULED)


def _matching(where: Filter, tasks: Iterable[Task]) -> Iterable[Task]:
    return (task for task in tasks if _matches(where, task))


def _matches(where: Filter, task: Task) -> bool:
    spec, head = task
    return (
        (not where.states or head.state in where.states)
        and (not where.queues or spec.queue in where.queues)
        and (not where.task_types or spec.task_type in where.task_types)
        and (not where.priorities or spec.priority in where.priorities)
        and set(where.tags) <= set(json.loads(spec.tags or "[]"))
        and (where.key is None or spec.key == where.key)
        and (where.created_after is None or spec.created_at > where.created_after)
        and (where.created_before is None or spec.created_at < where.created_before)
    )
