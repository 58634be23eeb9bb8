"""From what the store keeps to what people see."""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec import Raw

from taskmill.core.errors import TaskCancelled, TaskError
from taskmill.core.state import FINAL, State
from taskmill.core.task import PRIORITY_WORDS, SECOND, Attempt, Task
from taskmill.core.times import iso, maybe_iso
from taskmill.engine.live.lookup import Status
from taskmill.engine.live.why import is_alive, runs
from taskmill.service import views
from taskmill.service.task_types import KnownTaskType, example
from taskmill.stores.contract import QueueRow, Stats, WorkerRow

V = TypeVar("V", bound=views.TaskSummary)


def raw(text: str | None) -> Raw | None:
    return None if text is None else Raw(text)


def task_view(task: Task) -> views.TaskView:
    return _show(views.TaskView, task, parameters=Raw(task.spec.parameters), result=raw(task.head.result))


def task_summary(task: Task) -> views.TaskSummary:
    return _show(views.TaskSummary, task)


def _show(shape: Callable[..., V], task: Task, **more: Any) -> V:
    spec, head = task
    return shape(
        id=spec.id,
        task_type=spec.task_type,
        queue=spec.queue,
        state=head.state,
        priority=PRIORITY_WORDS.get(spec.priority, "normal"),
        attempt=head.attempt,
        attempt_limit=spec.attempt_limit,
        timeout=None if spec.timeout is None else spec.timeout / SECOND,
        key=spec.key,
        tags=[] if spec.tags is None else json.loads(spec.tags),
        meta=raw(spec.meta),
        created_at=iso(spec.created_at),
        run_at=iso(head.run_at),
        expires_at=maybe_iso(head.expires_at),
        started_at=maybe_iso(head.started_at),
        finished_at=maybe_iso(head.finished_at),
        worker=head.lease_owner,
        cancel_requested=head.cancel,
        progress=raw(head.progress),
        error=raw(head.error),
        **more,
    )


def result_view(task: Task) -> views.ResultView:
    """The result, or how far the task is. Raises TaskError and its kinds for a task that ended without a result."""
    spec, head = task
    if kind := no_result(head.state):
        endings = {State.FAILED: f"failed after {head.attempt} attempts", State.CANCELLED: "was cancelled"}
        error = kind(f"the task {endings.get(head.state, f'ended as {head.state}, which has no result')}")
        error.failure = head.error
        raise error
    return views.ResultView(id=spec.id, state=head.state, result=raw(head.result), progress=raw(head.progress))


def no_result(state: State) -> type[TaskError] | None:
    """The kind of error for whoever wants the result; None for a task that has one, or has not ended.

    REST and the command line ask here: a final state that is added later is an error and no empty result.
    """
    if state not in FINAL or state is State.SUCCEEDED:
        return None
    return TaskCancelled if state is State.CANCELLED else TaskError


def status_view(status: Status) -> views.StatusView:
    event = status.event
    return views.StatusView(
        id=event.id,
        state=event.state,
        progress=raw(event.progress),
        attempt=event.attempt,
        version=event.version,
        source="cache" if status.cached else "store",
    )


def end_view(task: Task) -> views.EndView:
    spec, head = task
    return views.EndView(
        id=spec.id, state=head.state, result=raw(head.result), progress=raw(head.progress), error=raw(head.error)
    )


def created_view(task: Task, created: bool) -> views.Created:
    spec, head = task
    return views.Created(id=spec.id, created=created, state=head.state, task_type=spec.task_type, queue=spec.queue)


def attempt_view(attempt: Attempt) -> views.AttemptView:
    return views.AttemptView(
        number=attempt.number,
        outcome=attempt.outcome,
        worker=attempt.worker,
        started_at=maybe_iso(attempt.started_at),
        finished_at=iso(attempt.finished_at),
        error=raw(attempt.error),
        log=raw(attempt.log),
    )


def task_type_view(task_type: KnownTaskType, alive: Sequence[WorkerRow]) -> views.TaskTypeView:
    row = task_type.row
    return views.TaskTypeView(
        name=row.name,
        description=row.description,
        queue=row.queue,
        schema=Raw(row.schema),
        attempt_limit=task_type.attempt_limit,
        timeout=None if task_type.timeout is None else task_type.timeout / SECOND,
        example=example(json.loads(row.schema)) or {},
        workers=sum(runs(worker, row.name) for worker in alive),
    )


def queue_view(row: QueueRow) -> views.QueueView:
    return views.QueueView(**row._asdict())


def worker_view(row: WorkerRow, now: int) -> views.WorkerView:
    return views.WorkerView(
        id=row.id,
        alive=is_alive(row, now),
        host=row.host,
        pid=row.pid,
        version=row.version,
        queues=json.loads(row.queues),
        task_types=json.loads(row.task_types),
        slots=row.slots,
        running=row.running,
        started_at=iso(row.started_at),
        seen_at=iso(row.seen_at),
    )


def stats_view(stats: Stats) -> views.StatsView:
    states = {str(state): count for state, count in stats.states.items()}
    return views.StatsView(states=states, total=sum(states.values()), oldest_ready=maybe_iso(stats.oldest_ready))
