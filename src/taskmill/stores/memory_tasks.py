"""The verbs of the reference store, in plain dictionaries."""

import threading
from collections.abc import Callable, Collection, Sequence
from itertools import count

from taskmill.core import machine
from taskmill.core.state import FINAL, State
from taskmill.core.task import Attempt, Claim, Decision, Head, Task
from taskmill.stores.clock import microseconds
from taskmill.stores.contract import Beat, ClaimQuery, Promoted, Promotion


class MemoryTasks:
    """Tasks are kept in the order of their arrival, which is their age."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._tasks: dict[str, Task] = {}
        self._ages: dict[str, int] = {}
        self._clock = count(1)
        self._holds: dict[str, str] = {}
        self._attempts: dict[str, list[Attempt]] = {}
        self._paused: dict[str, bool] = {}

    async def add(self, tasks: Sequence[Task]) -> dict[int, str]:
        there: dict[int, str] = {}
        with self._lock:
            for position, task in enumerate(tasks):
                self._paused.setdefault(task.spec.queue, False)
                known = self._known(task)
                if known is None:
                    self._insert(task)
                else:
                    there[position] = known
        return there

    async def get(self, ids: Sequence[str]) -> dict[str, Task]:
        with self._lock:
            return {id: self._tasks[id] for id in ids if id in self._tasks}

    async def claim(self, owner: str, lease: int, query: ClaimQuery, now: int | None = None) -> list[Claim]:
        moment = microseconds() if now is None else now
        limit, queues, ids, ready_for = query

        def wanted(task: Task) -> bool:
            spec, head = task
            return (
                head.state is State.READY
                and not self._paused.get(spec.queue, False)
                and (queues is None or spec.queue in queues)
                and (ids is None or spec.id in ids)
                and (ready_for == 0 or head.run_at <= moment - ready_for)
            )

        with self._lock:
            picks = self._pick(wanted, lambda task: (task.spec.priority, task.head.run_at), limit)
            return [self._held(task, machine.start(task.head, owner, moment + lease, moment)) for task in picks]

    async def reclaim(
        self, owner: str, lease: int, limit: int, *, dead: Collection[str] = (), now: int | None = None
    ) -> list[Claim]:
        moment = microseconds() if now is None else now

        def wanted(task: Task) -> bool:
            until = task.head.lease_until
            return until is not None and (until < moment or task.head.lease_owner in dead)

        with self._lock:
            picks = self._pick(wanted, lambda task: (task.head.lease_until or 0, 0), limit)
            return [self._held(task, machine.take_over(task.head, owner, moment + lease)) for task in picks]

    async def extend(self, owner: str, beats: Sequence[Beat], lease: int, now: int | None = None) -> list[str]:
        until = (microseconds() if now is None else now) + lease
        with self._lock:
            return [beat.id for beat in beats if not self._renew(owner, beat, until)]

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
        moment = microseconds() if now is None else now
        with self._lock:
            due = self._pick(
                lambda task: task.head.state is State.SCHEDULED and task.head.run_at <= moment,
                lambda task: (task.head.run_at, 0),
                limit,
            )
            for task in due:
                self._put(task, machine.promote(task.head))
            waiting = [task.head.run_at for task in self._tasks.values() if task.head.state is State.SCHEDULED]
            return Promoted([self._promotion(task) for task in due], min(waiting, default=None))

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
            return len(gone)

    def _promotion(self, task: Task) -> Promotion:
        spec, head = self._tasks[task.spec.id]
        return Promotion(spec.id, spec.task_type, spec.queue, spec.priority, head.version, head.attempt)

    def _known(self, task: Task) -> str | None:
        if task.spec.id in self._tasks:
            return task.spec.id
        return None if task.head.hold is None else self._holds.get(task.head.hold)

    def _insert(self, task: Task) -> None:
        self._ages[task.spec.id] = next(self._clock)
        self._put(task, task.head)

    def _pick(self, wanted: Callable[[Task], bool], rank: Callable[[Task], tuple[int, int]], limit: int) -> list[Task]:
        found = [task for task in self._tasks.values() if wanted(task)]
        found.sort(key=lambda task: (*rank(task), self._ages[task.spec.id]))
        return found[: max(0, limit)]

    def _held(self, task: Task, head: Head) -> Claim:
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
            self._attempts.setdefault(decision.id, []).append(decision.attempt)
        return True
