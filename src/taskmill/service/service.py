"""The one service below every face: REST, and the CLI in its own process.

It takes and gives views and raises core errors; faces only translate. Every method may raise StoreError.
"""

import asyncio
import functools
from collections.abc import Sequence

from taskmill.core import limits
from taskmill.core.errors import Conflict, InvalidRequest, NotFound, Problem, StoreError, TaskmillError
from taskmill.core.ids import parse as parse_id
from taskmill.core.state import FINAL, State
from taskmill.core.task import Task
from taskmill.engine.client import control
from taskmill.engine.client.enqueue import EnqueueBatcher, Enqueued, enqueue
from taskmill.engine.live.waiter import ResultWaiter, missing
from taskmill.engine.live.why import is_alive, why_not_started
from taskmill.sdk.backend import Backend
from taskmill.service import bulk, present, views
from taskmill.service.admission import admit, placed, refuse
from taskmill.service.filters import to_filter
from taskmill.service.idempotency import check_same, id_for
from taskmill.service.limits import DEFAULTS, Limits
from taskmill.service.live import Live, TaskFrames
from taskmill.service.task_types import TaskTypes
from taskmill.stores.contract import TaskTypeRow

READY_WITHIN = 3.0
UNFINISHED = tuple(state for state in State if state not in FINAL)
Items = list[views.Created | TaskmillError]


class Service:
    """`wait` and `readiness` need a running event loop; the rest suspends only where the store does."""

    def __init__(self, opened: Backend, limits: Limits = DEFAULTS, gathered: EnqueueBatcher | None = None) -> None:
        """`gathered`: concurrent requests share an insert, and a read; for a server, on its event loop."""
        self.limits = limits
        self._opened = opened
        self._notifier = opened.notifier
        self._store = opened.store
        self._enqueue = gathered.enqueue if gathered else functools.partial(enqueue, self._notifier)
        self._task_types = TaskTypes(self._store)
        self._gathered = gathered is not None
        self._finals = ResultWaiter(self._store)
        self.live = Live(opened, self._task, limits)

    async def open(self, shipped: Sequence[TaskTypeRow] = ()) -> None:
        """Open the store, and register those task types that no worker has registered yet."""
        await self._opened.open()
        known = {row.name for row in await self._store.task_types()}
        missing = [row for row in shipped if row.name not in known]
        if missing:
            await self._store.put_task_types(missing)
        if self._gathered and self._opened.feed:
            self._opened.feed.answer(self.live.answer)

    async def close(self) -> None:
        await self.live.close()
        await self._finals.close()
        await self._opened.close()

    # Tasks

    async def create(self, draft: views.Draft, idempotency_key: str | None = None) -> views.Created:
        """Store a task. The same id, or a key that an unfinished task holds, gives the one that is there.

        Raises InvalidRequest and its kinds; IdempotencyMismatch when the key came before with other content.
        """
        id = id_for(idempotency_key)
        task = await admit(draft, self._task_types, id)
        [enqueued] = await self._enqueue([task])
        if enqueued.created:
            return _created(task)
        return _found(draft, id, enqueued.id, await self._store.get([enqueued.id]))

    async def create_many(
        self,
        drafts: Sequence[views.Draft],
        idempotency_key: str | None = None,
        places: Sequence[int] | None = None,
    ) -> Items:
        """Store what is valid, in one go; for each draft in its place what came of it, or why it was refused.

        `places`: where the drafts stand in the caller's batch, if not 0, 1, 2…; an Idempotency-Key counts by them.
        """
        ids = [id_for(idempotency_key, place) for place in places or range(len(drafts))]
        admitted = [await self._admitted(draft, id) for draft, id in zip(drafts, ids, strict=True)]
        enqueued = await self._enqueue([item for item in admitted if isinstance(item, Task)])
        there = await self._store.get([each.id for each in enqueued if not each.created])
        results = iter(enqueued)
        return [
            item if isinstance(item, TaskmillError) else _outcome(draft, id, item, next(results), there)
            for draft, id, item in zip(drafts, ids, admitted, strict=True)
        ]

    async def get(self, id: str) -> views.TaskView:
        """Raises NotFound."""
        return present.task_view(await self._task(id))

    async def status(self, id: str) -> views.StatusView:
        """Raises NotFound."""
        return await self.live.status(_canonical(id))

    async def task_frames(self, id: str, last: str | None) -> TaskFrames:
        """The server-sent events of a task, after the one with the id `last`. Raises NotFound, TooManyStreams."""
        return await self.live.task_frames(_canonical(id), last)

    async def why_not_started(self, id: str) -> str | None:
        """What stands in the way of a task that waits to run, if anything is known to. Raises NotFound."""
        return await why_not_started(self._store, await self._task(id))

    async def wait(self, id: str, timeout: float) -> views.TaskView:
        """The task once it is final, or as it is after `timeout` seconds (at most the limit). Raises NotFound."""
        if timeout <= 0:
            return await self.get(id)
        try:
            task = await self._finals.until_final(_canonical(id), min(timeout, self.limits.wait))
        except TimeoutError:
            return await self.get(id)
        return present.task_view(task)

    def stop_waiting(self) -> None:
        """Those who wait get the task as it is, now and from now on; streams end."""
        self._finals.stop()
        self.live.stop()

    async def attempts(self, id: str) -> views.Attempts:
        """Raises NotFound."""
        task = await self._task(id)
        attempts = await self._store.attempts(task.spec.id)
        return views.Attempts(attempts=[present.attempt_view(attempt) for attempt in attempts])

    async def cancel(self, id: str) -> views.TaskView:
        """A running task is asked to stop and stays `running` until it has. Raises NotFound, Conflict."""
        return await self._control(control.cancel, id)

    async def retry(self, id: str) -> views.TaskView:
        """Run a final (or scheduled) task again, with all its attempts. Raises NotFound, Conflict."""
        return await self._control(control.retry, id)

    async def delete(self, id: str) -> None:
        """Final tasks only. Raises NotFound, Conflict."""
        [verdict] = await control.delete(self._notifier, [_canonical(id)])
        _accept(verdict)

    async def cancel_matching(self, where: views.Bulk) -> views.BulkResult:
        """Of those that match, the unfinished ones unless states are given."""
        return await bulk.act(self._notifier, control.cancel, where, UNFINISHED)

    async def retry_matching(self, where: views.Bulk) -> views.BulkResult:
        """Of those that match, the failed ones unless states are given."""
        return await bulk.act(self._notifier, control.retry, where, (State.FAILED,))

    # What is around them

    async def queues(self) -> views.Queues:
        return views.Queues(queues=[present.queue_view(row) for row in await self._store.queues()])

    async def pause(self, queue: str) -> views.Paused:
        """Workers claim nothing from it until it is resumed; what runs goes on. It need not exist yet."""
        return await self._set_paused(queue, True)

    async def resume(self, queue: str) -> views.Paused:
        return await self._set_paused(queue, False)

    async def workers(self) -> views.Workers:
        now = await self._store.ping()
        return views.Workers(workers=[present.worker_view(row, now) for row in await self._store.workers()])

    async def task_types(self) -> views.TaskTypes:
        known = await self._task_types.read()
        return views.TaskTypes(task_types=[present.task_type_view(task_type) for task_type in known])

    async def task_type(self, name: str) -> views.TaskTypeView:
        """Raises UnknownTaskType."""
        return present.task_type_view(await self._task_types.get(name))

    async def stats(self) -> views.StatsView:
        return present.stats_view(await self._store.stats())

    async def readiness(self) -> views.Readiness:
        """Never raises, and takes a few seconds at most."""
        try:
            async with asyncio.timeout(READY_WITHIN):
                now = await self._store.ping()
                alive = any(is_alive(row, now) for row in await self._store.workers())
        except (StoreError, TimeoutError) as error:
            why = str(error) or f"no answer in {READY_WITHIN:g} seconds"
            return views.Readiness(can_store=False, can_claim=False, why=[f"the store cannot be written: {why}"])
        missing = [] if alive else ["no worker has been seen in the last 20 seconds"]
        return views.Readiness(can_store=True, can_claim=alive, why=missing)

    async def _task(self, id: str) -> Task:
        id = _canonical(id)
        task = await self._finals.get(id) if self._gathered else (await self._store.get([id])).get(id)
        if task is None:
            raise missing(id)
        self.live.saw(task)
        return task

    async def _control(self, action: bulk.Control, id: str) -> views.TaskView:
        [verdict] = await action(self._notifier, [_canonical(id)])
        _accept(verdict)
        return await self.get(id)

    async def _set_paused(self, queue: str, paused: bool) -> views.Paused:
        refuse(placed("queue", limits.name(queue)))
        await self._store.pause(queue, paused)
        return views.Paused(name=queue, paused=paused)

    async def _admitted(self, draft: views.Draft, id: str | None) -> Task | TaskmillError:
        try:
            return await admit(draft, self._task_types, id)
        except InvalidRequest as refused:
            return refused

    # Last, because its name hides the builtin.

    async def list(self, where: views.Where, limit: int = 50, cursor: str | None = None) -> views.TaskPage:
        """Newest first; `next_cursor` continues and stays right while tasks are added. Raises InvalidRequest."""
        if not 1 <= limit <= self.limits.page:
            refuse([Problem("$.limit", f"must be 1 to {self.limits.page}")])
        page = await self._store.find(to_filter(where), limit, cursor)
        return views.TaskPage(tasks=[present.task_summary(task) for task in page.tasks], next_cursor=page.cursor)


def _canonical(id: str) -> str:
    """What is no UUID is the id of no task."""
    canonical = parse_id(id)
    if canonical is None:
        raise NotFound(f"there is no task {id[:64]!r}: an id is a UUID")
    return canonical


def _accept(verdict: control.Verdict) -> None:
    if verdict.reason == "not_found":
        raise missing(verdict.id)
    if not verdict.done:
        raise Conflict(verdict.reason)


def _created(task: Task) -> views.Created:
    spec, head = task
    return views.Created(id=spec.id, created=True, state=head.state, task_type=spec.task_type, queue=spec.queue)


def _outcome(
    draft: views.Draft, id: str | None, task: Task, enqueued: Enqueued, there: dict[str, Task]
) -> views.Created | TaskmillError:
    if enqueued.created:
        return _created(task)
    try:
        return _found(draft, id, enqueued.id, there)
    except TaskmillError as refused:
        return refused


def _found(draft: views.Draft, id: str | None, found: str, there: dict[str, Task]) -> views.Created:
    """The task that was there already. `id`: the one that the Idempotency-Key stands for."""
    if found not in there:
        raise Conflict("the task that was there has been deleted meanwhile", hint="send it again")
    spec, head = there[found]
    if found == id:
        check_same(draft, spec)
    return views.Created(id=spec.id, created=False, state=head.state, task_type=spec.task_type, queue=spec.queue)
