"""Is there a worker for everything that waits?"""

import asyncio
import json
from collections.abc import Sequence

from taskmill.cli.checks.finding import Finding, failed, fine, looked, warning
from taskmill.core.state import State
from taskmill.core.task import SECOND
from taskmill.engine.live.why import is_alive, serves
from taskmill.stores.contract import Filter, QueueRow, Store, WorkerRow

LATE = 300
"""Seconds that a ready task may wait before it deserves a word."""
NEWEST = 500
"""So many tasks are looked through for types that nobody knows."""


async def check(store: Store) -> list[Finding]:
    parts = await asyncio.gather(
        looked("workers", lambda: _workers(store)),
        looked("queues", lambda: _queues(store)),
        looked("oldest ready task", lambda: _oldest(store)),
        looked("task types", lambda: _task_types(store)),
    )
    return [finding for part in parts for finding in part]


async def _workers(store: Store) -> list[Finding]:
    alive = await _alive(store)
    if not alive:
        return [warning("workers", "none is alive", "start one: taskmill worker")]
    hosts = sorted({row.host for row in alive})
    slots = sum(row.slots for row in alive)
    return [fine("workers", f"{len(alive)} on {', '.join(hosts)}, {slots} slots, for {_served(alive)}")]


def _served(alive: Sequence[WorkerRow]) -> str:
    names = [json.loads(row.queues) for row in alive]
    if None in names:
        return "all queues"
    return "the queues " + ", ".join(sorted({name for each in names for name in each}))


async def _queues(store: Store) -> list[Finding]:
    queues, alive = await store.queues(), await _alive(store)
    told = [finding for queue in queues if (finding := _queue(queue, alive))]
    return told or [fine("queues", "none is paused, none has tasks that no worker serves")]


def _queue(queue: QueueRow, alive: Sequence[WorkerRow]) -> Finding | None:
    if queue.paused:
        resume = f"if it should run: taskmill queues resume {queue.name}"
        return warning(f"queue {queue.name}", f"is paused, with {queue.ready} ready tasks", resume)
    if queue.ready and not any(serves(row, queue.name) for row in alive):
        start = f"start one: taskmill worker --queues {queue.name}"
        return failed(f"queue {queue.name}", f"has {queue.ready} ready tasks and no live worker that serves it", start)
    return None


async def _oldest(store: Store) -> list[Finding]:
    stats, now = await store.stats(), await store.clock()
    if stats.oldest_ready is None:
        return [fine("oldest ready task", "none waits")]
    waited = max(0.0, (now - stats.oldest_ready) / SECOND)
    found = f"{stats.states[State.READY]} wait, the oldest for {waited:.0f} s"
    if waited <= LATE:
        return [fine("oldest ready task", found)]
    return [warning("oldest ready task", found, "see `taskmill queues`; more workers or slots run more at once")]


async def _task_types(store: Store) -> list[Finding]:
    known = {row.name for row in await store.task_types()}
    waiting = await store.find(Filter(states=(State.READY, State.SCHEDULED)), NEWEST)
    strange = sorted({task.spec.task_type for task in waiting.tasks} - known)
    if not strange:
        return [fine("task types", "workers know those of all waiting tasks")]
    return [
        failed(
            f"task type {name}", "has waiting tasks, and no worker knows it", "start one: taskmill worker MODULE:APP"
        )
        for name in strange
    ]


async def _alive(store: Store) -> list[WorkerRow]:
    now = await store.clock()
    return [row for row in await store.workers() if is_alive(row, now)]
