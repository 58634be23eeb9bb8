"""Enqueue: one durable insert. When it returns, the task is safe."""

from collections.abc import Sequence
from typing import NamedTuple

from taskmill.core import machine
from taskmill.core.task import Spec, Task
from taskmill.engine.notifier import Notifier


class Request(NamedTuple):
    """A task to be: `run_at` None means now."""

    spec: Spec
    run_at: int | None = None


class Enqueued(NamedTuple):
    id: str
    created: bool
    """False: a task of that id, or an unfinished one of that key, was there already; `id` is its id."""


async def enqueue(notifier: Notifier, requests: Sequence[Request]) -> list[Enqueued]:
    """Store the tasks and announce them. Repeating it with the same ids or keys makes no second task.

    Raises StoreUnavailable; none of the batch is stored then.
    """
    tasks = [Task(spec, machine.create(spec, spec.created_at, run_at)) for spec, run_at in requests]
    set_out = notifier.coming(tasks)
    there = await notifier.store.add(tasks)
    if not there:
        notifier.changed(tasks, set_out)
        return [Enqueued(task.spec.id, True) for task in tasks]
    notifier.changed([task for i, task in enumerate(tasks) if i not in there])
    return [Enqueued(there.get(i, task.spec.id), i not in there) for i, task in enumerate(tasks)]
