"""The one service below every face: REST, and the CLI in its own process.

It takes and gives views and raises core errors; faces only translate. Every method may raise StoreError.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from taskmill.core import ids, limits, times
from taskmill.core.errors import Conflict, InvalidRequest, NotFound, Problem, StoreError, UnknownTaskType
from taskmill.core.ids import parse as parse_id
from taskmill.core.state import FINAL, State
from taskmill.core.task import Spec, Task
from taskmill.engine.client import control
from taskmill.engine.client.enqueue import EnqueueBatcher, Enqueued, enqueue
from taskmill.engine.live.lookup import StatusLookup, attempts_of, not_found
from taskmill.engine.live.waiter import ResultWaiter
from taskmill.engine.live.why import is_alive, live_workers, why_not_started
from taskmill.feeds.contract import Answer
from taskmill.sdk.backend import Backend, ConnectionSettings
from taskmill.service import present, views
from taskmill.service.accounts import Accounts
from taskmill.service.admission import RequestLimits, admit, existing, id_for, is_timed, refusal
from taskmill.service.aside import Aside
from taskmill.service.audit import AuditLog
from taskmill.service.batch import BatchOutcome, Intake
from taskmill.service.filters import Control, act, to_event_filter, to_filter
from taskmill.service.numbered import NumberedTasks
from taskmill.service.streams import FilteredStream, Streams, StreamSettings, TaskStream
from taskmill.service.task_types import TaskTypeCache
from taskmill.service.uploads import UploadedFiles
from taskmill.stores.contract import Ear, TaskTypeRow

UNFINISHED = tuple(state for state in State if state not in FINAL)
SHOWN = 10
"""Tasks that are listed when an id's beginning is that of several."""
LIMITS, STREAMS = RequestLimits(), StreamSettings()

T = TypeVar("T")


def loop_service(
    connection: ConnectionSettings,
    disabled_types: frozenset[str] = frozenset(),
    streams: StreamSettings = STREAMS,
) -> "Service":
    """For a server, on its event loop. Raises InvalidSettings."""
    return Service(Backend(connection, "loop"), streams=streams, batched=True, disabled_types=disabled_types)


class Service:
    """`wait`, `result` and `readiness` need a running event loop; the rest suspends only where the store does."""

    def __init__(
        self,
        backend: Backend,
        limits: RequestLimits = LIMITS,
        streams: StreamSettings = STREAMS,
        *,
        batched: bool = False,
        disabled_types: frozenset[str] = frozenset(),
    ) -> None:
        """`batched`: concurrent requests share an insert, and a read; on one event loop.

        `disabled_types`: task types that are switched off.
        """
        self.limits = limits
        self.disabled_types = disabled_types
        self._backend = backend
        self._notifier = backend.notifier
        self._store = backend.store
        self._batched = batched
        self._enqueue: Callable[[Sequence[Task]], Awaitable[list[Enqueued]]] = (
            EnqueueBatcher(self._notifier).enqueue if batched else functools.partial(enqueue, self._notifier)
        )
        self._task_types = TaskTypeCache(self._store, disabled_types)
        self._waiter = ResultWaiter(self._store)
        self._statuses = StatusLookup(backend.feed, self._task)
        self.aside = Aside(batched)
        self.numbered = NumberedTasks(self._notifier, self._task_types, self.aside)
        self._intake = Intake(self._store, self._enqueue, self._task_types, self.aside)
        self.streams = Streams(backend, self._task, streams)
        self.uploads = UploadedFiles()
        self.accounts = Accounts(self._store)
        self.audit = AuditLog(self._store, batched=batched)

    async def open(self, shipped: Sequence[TaskTypeRow] = ()) -> None:
        """Open the store, and register those task types that no worker has registered yet."""
        await self._backend.open()
        known = {row.name for row in await self._store.task_types()}
        missing = [row for row in shipped if row.name not in known]
        if missing:
            await self._store.put_task_types(missing)

    def answer(self, answer: Answer) -> None:
        """From now on, who asks over the live feed is answered."""
        if self._backend.feed:
            self._backend.feed.answer(answer)

    def hear_access(self) -> Ear:
        """Hears when a user, a session or a token changed."""
        return self._store.bell.listen("access")

    async def close(self) -> None:
        self.aside.close()
        await self.audit.close()
        await self.streams.close()
        await self._waiter.close()
        await self._backend.close()

    # Tasks

    async def create(
        self, draft: views.Draft, idempotency_key: str | None = None, *, origin: Mapping[str, str] | None = None
    ) -> views.Created:
        """Store a task; the same id, or a key that an unfinished task holds, gives the one that is there.

        `origin`: who makes it, through which face. Raises InvalidRequest and its kinds; IdempotencyMismatch when the
        key came before with other content.
        """
        id = id_for(idempotency_key)
        created_at = await self._store.clock() if is_timed(draft) else times.now()
        task = await admit(draft, self._task_types, self.aside, created_at, id, origin=origin)
        [enqueued] = await self._enqueue([task])
        if enqueued.created:
            return present.created_view(task, True)
        return existing(draft, id, enqueued.id, await self._store.get([enqueued.id]))

    async def create_batch(
        self,
        items: Sequence[T],
        read: Callable[[T], Awaitable[views.Draft]],
        idempotency_key: str | None = None,
        *,
        origin: Mapping[str, str] | None = None,
    ) -> BatchOutcome:
        """Store what is valid, each for itself; an Idempotency-Key counts by the index in the batch.

        `read` makes the draft of an item, or raises a TaskmillError that refuses it. Raises InvalidRequest.
        """
        if len(items) > self.limits.batch:
            raise refusal("$.tasks", f"holds more than {self.limits.batch} tasks, which is the most")
        return await self._intake.take_in(items, read, idempotency_key, origin)

    async def whole_id(self, beginning: str) -> str:
        """The id of the one task that begins like this. Raises NotFound; InvalidRequest that lists them for several."""
        if whole := parse_id(beginning):
            return whole
        span = ids.beginning(beginning)
        found = [] if span is None else await self._store.ids_between(*span, SHOWN + 1)
        if not found:
            why = "an id is a UUID, or its beginning" if span is None else "no id begins like this"
            raise NotFound(f"there is no task {beginning[:64]!r}: {why}")
        if len(found) == 1:
            return found[0]
        tasks = (await self._store.get(found[:SHOWN])).values()
        listed = ", ".join(f"{task.spec.id} ({task.spec.task_type}, {task.head.state})" for task in tasks)
        more = " and more" if len(found) > SHOWN else ""
        raise InvalidRequest(f"{beginning!r} is the beginning of several ids: {listed}{more}", hint="give more of it")

    async def spec(self, id: str) -> Spec:
        """What a task was told once and for all, for who decides whether somebody may see it. Raises NotFound."""
        return (await self._task(id)).spec

    async def get(self, id: str) -> views.TaskView:
        """Raises NotFound."""
        return present.task_view(await self._task(id))

    async def tasks(self, where: views.Where, limit: int = 50, cursor: str | None = None) -> views.TaskPage:
        """Newest first; `next_cursor` continues and stays right while tasks are added. Raises InvalidRequest."""
        if not 1 <= limit <= self.limits.page:
            raise refusal("$.limit", f"must be 1 to {self.limits.page}")
        page = await self._store.find(to_filter(where), limit, cursor)
        return views.TaskPage(tasks=[present.task_summary(task) for task in page.tasks], next_cursor=page.cursor)

    async def status(self, id: str) -> views.StatusView:
        """From the cache of the live feed, if that knows it. Raises NotFound."""
        return present.status_view(await self._statuses.status(_canonical(id)))

    async def why_not_started(self, id: str) -> str | None:
        """What stands in the way of a task that waits to run, if anything is known to. Raises NotFound."""
        return await why_not_started(self._store, await self._task(id))

    async def wait(self, id: str, timeout: float) -> views.TaskView:
        """The task once it is final, or as it is after `timeout` seconds (at most the limit). Raises NotFound."""
        return present.task_view(await self._awaited(id, timeout))

    async def result(self, id: str, wait: float = 0.0) -> views.ResultView:
        """The result, or after `wait` seconds how far the task is.

        Raises NotFound, InvalidRequest; TaskError and its kinds for a task that ended without a result.
        """
        if not 0 <= wait <= self.limits.wait:
            problem = Problem("$.wait", f"must be 0 to {self.limits.wait:g} seconds")
            raise InvalidRequest("wait is out of range", problems=[problem])
        return present.result_view(await self._awaited(id, wait))

    async def attempts(self, id: str) -> views.Attempts:
        """Raises NotFound."""
        task = await self._task(id)
        attempts = await attempts_of(self._store, task)
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
        return await act(self._notifier, control.cancel, where, UNFINISHED)

    async def retry_matching(self, where: views.Bulk) -> views.BulkResult:
        """Of those that match, the failed ones unless states are given."""
        return await act(self._notifier, control.retry, where, (State.FAILED,))

    async def delete_matching(self, where: views.Bulk) -> views.BulkResult:
        """Of those that match, the final ones unless states are given."""
        return await act(self._notifier, control.delete, where, tuple(FINAL))

    # Streams of events. `last`: the id of the last item that the client saw.

    async def task_stream(self, id: str, last: str | None) -> TaskStream:
        """Raises NotFound, TooManyStreams."""
        return await self.streams.of_task(_canonical(id), last)

    async def filtered_stream(
        self, queues: Sequence[str], task_types: Sequence[str], ids: Sequence[str], last: str | None
    ) -> FilteredStream:
        """Of the tasks that match every condition that has values. Raises InvalidRequest, TooManyStreams."""
        return await self.streams.filtered(to_event_filter(queues, task_types, ids), last)

    def stop_waiting(self) -> None:
        """Those who wait get the task as it is, now and from now on; streams end."""
        self._waiter.stop()
        self.streams.stop()

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
        known, alive = await self._task_types.read(), await live_workers(self._store)
        return views.TaskTypes(task_types=[present.task_type_view(task_type, alive) for task_type in known])

    async def task_type(self, name: str) -> views.TaskTypeView:
        """Raises UnknownTaskType; where none at all is known, a store that can't be written is the better reason."""
        try:
            return present.task_type_view(await self._task_types.get(name), await live_workers(self._store))
        except UnknownTaskType:
            if not await self._task_types.read():
                await self._store.ping()
            raise

    async def stats(self) -> views.StatsView:
        return present.stats_view(await self._store.stats())

    async def readiness(self) -> views.Readiness:
        """Never raises, and takes a few seconds at most."""
        try:
            async with asyncio.timeout(self.limits.readiness):
                now = await self._store.ping()
                alive = any(is_alive(row, now) for row in await self._store.workers())
        except (StoreError, TimeoutError) as error:
            why = str(error) or f"no answer in {self.limits.readiness:g} seconds"
            return views.Readiness(can_store=False, can_claim=False, why=[f"the store cannot be written: {why}"])
        missing = [] if alive else ["no worker has been seen in the last 20 seconds"]
        return views.Readiness(can_store=True, can_claim=alive, why=missing)

    async def _task(self, id: str) -> Task:
        id = _canonical(id)
        task = await self._waiter.get(id) if self._batched else (await self._store.get([id])).get(id)
        if task is None:
            raise not_found(id)
        self._statuses.note_final(task)
        return task

    async def _awaited(self, id: str, timeout: float) -> Task:
        if timeout > 0:
            try:
                return await self._waiter.until_final(_canonical(id), min(timeout, self.limits.wait))
            except TimeoutError:
                pass
        return await self._task(id)

    async def _control(self, action: Control, id: str) -> views.TaskView:
        [verdict] = await action(self._notifier, [_canonical(id)])
        _accept(verdict)
        return await self.get(id)

    async def _set_paused(self, queue: str, paused: bool) -> views.Paused:
        if wrong := limits.name(queue):
            raise refusal("queue", wrong)
        await self._store.pause(queue, paused)
        return views.Paused(name=queue, paused=paused)


def _canonical(id: str) -> str:
    """What is no UUID is the id of no task."""
    canonical = parse_id(id)
    if canonical is None:
        raise NotFound(f"there is no task {id[:64]!r}: an id is a UUID")
    return canonical


def _accept(verdict: control.Verdict) -> None:
    if verdict.reason == "not_found":
        raise not_found(verdict.id)
    if not verdict.done:
        raise Conflict(verdict.reason)
