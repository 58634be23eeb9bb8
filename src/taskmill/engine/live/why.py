"""Why a task has not started: what a person would otherwise look for in four places."""

import json

from taskmill.core.state import State
from taskmill.core.task import SECOND, Task
from taskmill.stores.contract import Store, WorkerRow

SILENCE = 20 * SECOND
"""A worker that has not been seen for so long (three heartbeats and a bit) is not counted on."""


async def why_not_started(store: Store, task: Task) -> str | None:
    """One sentence with the next step; None when nothing is known to stand in its way."""
    spec, head = task
    if head.state not in (State.READY, State.SCHEDULED):
        return None
    if spec.task_type not in {row.name for row in await store.task_types()}:
        return f"no worker knows the task type {spec.task_type}; start one that has it: taskmill worker MODULE:APP"
    return None if head.state is State.SCHEDULED else await _unserved(store, spec.queue)


async def _unserved(store: Store, queue: str) -> str | None:
    if any(row.paused for row in await store.queues() if row.name == queue):
        return f"the queue {queue} is paused; resume it: taskmill queues resume {queue}"
    now = await store.clock()
    workers = [row for row in await store.workers() if is_alive(row, now)]
    if not workers:
        return "no worker is serving this store; start one: taskmill worker"
    if not any(serves(row, queue) for row in workers):
        return f"no worker serves the queue {queue}; start one: taskmill worker --queues {queue}"
    return None


def is_alive(row: WorkerRow, now: int) -> bool:
    return now - row.seen_at <= SILENCE


def serves(row: WorkerRow, queue: str) -> bool:
    names = json.loads(row.queues)
    return names is None or queue in names


def runs(row: WorkerRow, task_type: str) -> bool:
    """Whether the worker has a handler for it; one of an older Taskmill does not say, and is believed to."""
    names = json.loads(row.task_types)
    return names is None or task_type in names
