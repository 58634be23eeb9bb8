"""Why a task has not started: what a person would otherwise look for in four places."""

import json
from collections.abc import Sequence

from taskmill.core.state import State
from taskmill.core.task import SECOND, Task
from taskmill.stores.contract import Store, WorkerRow

SILENCE = 20 * SECOND
"""A worker that has not been seen for so long (three heartbeats and a bit) is not counted on."""


async def why_not_started(store: Store, task: Task) -> str | None:
    """One sentence with the next step; None when nothing is known to stand in its way."""
    spec, head = task
    if head.state is State.CANCELLED and '"code": "expired"' in (head.error or ""):
        return f"it expired: {json.loads(head.error or '')['message']}; run it all the same: taskmill retry {spec.id}"
    if head.state not in (State.READY, State.SCHEDULED):
        return None
    if spec.task_type not in {row.name for row in await store.task_types()}:
        return f"no worker knows the task type {spec.task_type}; start one that has it: taskmill worker MODULE:APP"
    if head.state is State.SCHEDULED:
        return None
    if any(row.paused for row in await store.queues() if row.name == spec.queue):
        return f"the queue {spec.queue} is paused; resume it: taskmill queues resume {spec.queue}"
    alive = await live_workers(store)
    return unserved(alive, spec.queue, spec.task_type) or _crowded(alive, spec.queue, spec.task_type)


def unserved(alive: Sequence[WorkerRow], queue: str, task_type: str) -> str | None:
    """Why no live worker will run tasks of that type in that queue, with the command that mends it."""
    if not alive:
        return "no worker is serving this store; start one: taskmill worker"
    having = [row for row in alive if runs(row, task_type)]
    if not having:
        return f"no live worker has the task type {task_type}; start one whose app has it: taskmill worker MODULE:APP"
    if not any(serves(row, queue) for row in alive):
        return f"no worker serves the queue {queue}; start one: taskmill worker --queues {queue}"
    if not any(serves(row, queue) for row in having):
        start = f"start one: taskmill worker MODULE:APP --queues {queue}"
        return f"no worker that has the task type {task_type} serves the queue {queue}; {start}"
    return None


def _crowded(alive: Sequence[WorkerRow], queue: str, task_type: str) -> str | None:
    able = [row for row in alive if serves(row, queue) and runs(row, task_type)]
    running, slots = sum(row.running for row in able), sum(row.slots for row in able)
    if running < slots:
        return None
    return (
        f"the workers that serve the queue {queue} have no free slot ({running} of {slots} taken), and get none if "
        f"what runs there waits for this task; start one more: taskmill worker MODULE:APP --queues {queue}"
    )


async def live_workers(store: Store) -> list[WorkerRow]:
    now = await store.clock()
    return [row for row in await store.workers() if is_alive(row, now)]


def is_alive(row: WorkerRow, now: int) -> bool:
    return now - row.seen_at <= SILENCE


def serves(row: WorkerRow, queue: str) -> bool:
    names = json.loads(row.queues)
    return names is None or queue in names


def runs(row: WorkerRow, task_type: str) -> bool:
    """Whether the worker has a handler for it; one of an older Taskmill does not say, and is believed to."""
    names = json.loads(row.task_types)
    return names is None or task_type in names
