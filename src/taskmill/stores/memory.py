"""The reference store: what every other store must do, in plain dictionaries. Nothing outlives the process."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count, islice

from taskmill.core import machine, meta, times
from taskmill.core.state import CREATED, FINAL, State
from taskmill.core.task import Attempt, Claim, Decision, Head, Task
from taskmill.stores.contract import (
    Beat,
    Bell,
    ClaimQuery,
    Export,
    Page,
    Promoted,
    Promotion,
    QueueRow,
    Stats,
    TaskFilter,
    TaskTypeRow,
    Waiting,
    WorkerRow,
)
from taskmill.stores.cursors import position
from taskmill.stores.local_bell import LocalBell
from taskmill.stores.memory_records import MemoryRecords


class MemoryStore(MemoryRecords):
    def __init__(self) -> None:
        super().__init__()
        self.bell: Bell = LocalBell()
        self.location = "memory"
        self._lock = threading.RLock()
        self._tasks: dict[str, Task] = {}
        self._ages: dict[str, int] = {}
        """In the order of their arrival."""
        self._clock = count(1)
        self._holds: dict[str, str] = {}
        """Key → the unfinished task that holds it."""
        self._attempts: dict[str, list[Attempt]] = {}
        self._paused: dict[str, bool] = {}
        self._workers: dict[str, WorkerRow] = {}
        self._types: dict[str, TaskTypeRow] = {}
        self._numbers: dict[str, int] = {}
        self._last_number = 0

    async def add(self, tasks: Sequence[Task]) -> dict[int, str]:
        there: dict[int, str] = {}
        with self._lock:
            for index, task in enumerate(tasks):
                self._paused.setdefault(task.spec.queue, False)
                spec, head = task
                holder = None if head.hold is None else self._holds.get(head.hold)
                if spec.id in self._tasks:
                    there[index] = spec.id
                elif holder is not None:
                    there[index] = holder
                else:
                    self._insert(task)
        return there

    async def get(self, ids: Sequence[str]) -> dict[str, Task]:
        with self._lock:
            return {id: self._tasks[id] for id in ids if id in self._tasks}

    async def expired(self, limit: int, now: int | None = None) -> list[Task]:
        moment = times.now() if now is None else now

        def wanted(task: Task) -> bool:
            head = task.head
            return head.expires_at is not None and head.expires_at <= moment and head.finished_at is None

        with self._lock:
            return self._pick(wanted, lambda task: (task.head.expires_at or 0,), limit)

    async def claim(self, owner: str, lease: int, query: ClaimQuery, now: int | None = None) -> list[Claim]:
        moment = times.now() if now is None else now
        limit, queues, ids, ready_for, task_types, priority, after = query

        def wanted(task: Task) -> bool:
            spec, head = task
            return (
                head.state is State.READY
                and not self._paused.get(spec.queue, False)
                and (queues is None or spec.queue in queues)
                and (ids is None or spec.id in ids)
                and (ready_for == 0 or head.run_at <= moment - ready_for)
                and (task_types is None or spec.task_type in task_types)
                and (priority is None or spec.priority == priority)
                and (head.expires_at is None or head.expires_at > moment)
            )

        def rank(task: Task) -> tuple[bool, str, int, int]:
            spec, head = task
            turn = (False, "") if after is None else (spec.queue <= after, spec.queue)
            return *turn, spec.priority, head.run_at

        with self._lock:
            picks = self._pick(wanted, rank, limit)
            return [self._claim(task, machine.start(task.head, owner, moment + lease, moment)) for task in picks]

    async def reclaim(
        self, owner: str, lease: int, limit: int, *, dead: Collection[str] = (), now: int | None = None
    ) -> list[Claim]:
        moment = times.now() if now is None else now

        def wanted(task: Task) -> bool:
            until = task.head.lease_until
            return until is not None and (until < moment or task.head.lease_owner in dead)

        with self._lock:
            picks = self._pick(wanted, lambda task: (task.head.lease_until or 0, 0), limit)
            return [self._claim(task, machine.take_over(task.head, owner, moment + lease)) for task in picks]

    async def extend(self, owner: str, beats: Sequence[Beat], lease: int, now: int | None = None) -> list[str]:
        until = (times.now() if now is None else now) + lease
        with self._lock:
            return [beat.id for beat in beats if not self._renew(owner, beat, until)]

    async def sustain(self, owner: str, lease: int, now: int | None = None) -> None:
        moment = times.now() if now is None else now
        with self._lock:
            for task in [task for task in self._tasks.values() if task.head.lease_owner == owner]:
                self._put(task, task.head._replace(lease_until=moment + lease))
            if owner in self._workers:
                self._workers[owner] = self._workers[owner]._replace(seen_at=moment)

    async def save(self, decisions: Sequence[Decision]) -> list[str]:
        with self._lock:
            givers_first = sorted(decisions, key=lambda decision: decision.head.hold is not None)
            saved = {decision.id for decision in givers_first if self._decide(decision)}
        return [decision.id for decision in decisions if decision.id not in saved]

    async def turn(
        self, owner: str, decisions: Sequence[Decision], lease: int, query: ClaimQuery, now: int | None = None
    ) -> tuple[list[str], list[Claim]]:
        stale = await self.save(decisions)
        return stale, await self.claim(owner, lease, query, now)

    async def promote(self, limit: int, now: int | None = None) -> Promoted:
        moment = times.now() if now is None else now
        with self._lock:
            due = self._pick(
                lambda task: task.head.state is State.SCHEDULED and task.head.run_at <= moment,
                lambda task: (task.head.run_at, 0),
                limit,
            )
            promotions = []
            for spec, head in due:
                promoted = machine.promote(head)
                self._put(Task(spec, head), promoted)
                promotions.append(
                    Promotion(spec.id, spec.task_type, spec.queue, spec.priority, promoted.version, promoted.attempt)
                )
            waiting = [task.head.run_at for task in self._tasks.values() if task.head.state is State.SCHEDULED]
            return Promoted(promotions, min(waiting, default=None))

    async def purge(
        self, limit: int, *, states: Collection[State], before: int, ids: Collection[str] | None = None
    ) -> int:
        def wanted(task: Task) -> bool:
            spec, head = task
            return (
                head.finished_at is not None
                and head.state in FINAL.intersection(states)
                and head.finished_at < before
                and (ids is None or spec.id in ids)
            )

        with self._lock:
            gone = self._pick(wanted, lambda task: (task.head.finished_at or 0, 0), limit)
            for task in gone:
                del self._tasks[task.spec.id], self._ages[task.spec.id]
                self._attempts.pop(task.spec.id, None)
                self._numbers.pop(task.spec.id, None)
            return len(gone)

    async def find(self, where: TaskFilter, limit: int, cursor: str | None = None) -> Page:
        before = position(cursor)
        with self._lock:
            newest_first = sorted(self._tasks.values(), key=lambda task: -self._ages[task.spec.id])
            older = (task for task in newest_first if self._ages[task.spec.id] < before)
            found = list(islice(_matching(where, older), limit + 1))
            page = found[:limit]
            return Page(page, str(self._ages[page[-1].spec.id]) if page and len(found) > limit else None)

    async def ids_between(self, first: str, last: str, limit: int) -> list[str]:
        with self._lock:
            return sorted(id for id in self._tasks if first <= id <= last)[:limit]

    async def count(self, where: TaskFilter, limit: int) -> int:
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

    async def waiting(self) -> list[Waiting]:
        with self._lock:
            specs = [spec for spec, head in self._tasks.values() if head.state is State.READY]
        counted = Counter((spec.queue, spec.task_type) for spec in specs)
        return [Waiting(*lane, tasks) for lane, tasks in sorted(counted.items())]

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
                if attempt.task_id not in refused:
                    self._keep(attempt)
        return [task.spec.id for task in tasks if task.spec.id in refused]

    async def put_worker(self, row: WorkerRow) -> None:
        with self._lock:
            self._workers[row.id] = row._replace(seen_at=times.now())

    async def drop_worker(self, id: str) -> None:
        with self._lock:
            self._workers.pop(id, None)

    async def workers(self) -> list[WorkerRow]:
        with self._lock:
            return sorted(self._workers.values())

    async def put_task_types(self, rows: Sequence[TaskTypeRow]) -> None:
        with self._lock:
            for row in rows:
                self._types[row.name] = row._replace(seen_at=times.now())
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

    async def number(self, id: str) -> int | None:
        with self._lock:
            if id in self._tasks and id not in self._numbers:
                self._last_number += 1
                self._numbers[id] = self._last_number
            return self._numbers.get(id)

    async def numbers(self, ids: Sequence[str]) -> dict[str, int]:
        with self._lock:
            return {id: self._numbers[id] for id in ids if id in self._numbers}

    async def numbered(self, number: int) -> str | None:
        with self._lock:
            return next((id for id, known in self._numbers.items() if known == number), None)

    async def put_numbers(self, numbers: Mapping[str, int]) -> None:
        with self._lock:
            for id, number in numbers.items():
                if id in self._tasks and id not in self._numbers and number not in self._numbers.values():
                    self._numbers[id] = number
                    self._last_number = max(self._last_number, number)

    async def set_parameters(self, id: str, version: int, parameters: str) -> bool:
        with self._lock:
            task = self._tasks.get(id)
            if task is None or task.head.version != version or task.head.state not in CREATED:
                return False
            spec = task.spec._replace(parameters=parameters)
            self._tasks[id] = Task(spec, task.head._replace(version=version + 1))
            return True

    async def clock(self) -> int:
        return times.now()

    async def ping(self) -> int:
        return times.now()

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do; the tasks stay until the object goes."""

    def _insert(self, task: Task) -> None:
        self._ages[task.spec.id] = next(self._clock)
        self._put(task, task.head)

    def _pick(
        self, wanted: Callable[[Task], bool], rank: Callable[[Task], tuple[str | int, ...]], limit: int
    ) -> list[Task]:
        found = [task for task in self._tasks.values() if wanted(task)]
        found.sort(key=lambda task: (*rank(task), self._ages[task.spec.id]))
        return found[: max(0, limit)]

    def _claim(self, task: Task, head: Head) -> Claim:
        self._put(task, head)
        return Claim(task.spec, head)

    def _put(self, task: Task, head: Head) -> None:
        if task.head.hold is not None:
            self._holds.pop(task.head.hold, None)
        if head.hold is not None:
            self._holds[head.hold] = task.spec.id
        self._tasks[task.spec.id] = Task(task.spec, head)

    def _renew(self, owner: str, beat: Beat, until: int) -> bool:
        task = self._tasks.get(beat.id)
        if task is None or (task.head.version, task.head.lease_owner) != (beat.version, owner):
            return False
        progress = task.head.progress if beat.progress is None else beat.progress
        self._put(task, task.head._replace(lease_until=until, progress=progress))
        return True

    def _decide(self, decision: Decision) -> bool:
        task = self._tasks.get(decision.id)
        if task is None or task.head.version != decision.head.version - 1:
            return False
        if decision.head.hold is not None and self._holds.get(decision.head.hold, decision.id) != decision.id:
            return False
        self._put(task, decision.head)
        if decision.attempt is not None:
            self._keep(decision.attempt)
        return True

    def _keep(self, attempt: Attempt) -> None:
        kept = self._attempts.setdefault(attempt.task_id, [])
        if attempt.version not in {each.version for each in kept}:
            kept.append(attempt)

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
            spec = there.spec._replace(parameters=task.spec.parameters)
            self._put(Task(spec, there.head), task.head)
        return True

    def _depths(self, queue: str) -> tuple[int, int, int]:
        states = [task.head.state for task in self._tasks.values() if task.spec.queue == queue]
        return states.count(State.READY), states.count(State.RUNNING), states.count(State.SCHEDULED)


def _matching(where: TaskFilter, tasks: Iterable[Task]) -> Iterable[Task]:
    return (task for task in tasks if _matches(where, task))


def _matches(where: TaskFilter, task: Task) -> bool:
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
        and (where.meta is None or meta.holds(spec.meta, *where.meta))
    )
