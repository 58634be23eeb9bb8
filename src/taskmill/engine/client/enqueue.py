"""Enqueue: one durable insert. When it returns, the task is safe.

Concurrent enqueues of one event loop share an insert and an announcement: EnqueueBatcher.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from taskmill.core.errors import StoreUnavailable
from taskmill.core.task import Task
from taskmill.engine.notifier import Notifier

LARGEST = 2_000
"""Tasks in one commit, so that no caller waits long for the others."""


class Enqueued(NamedTuple):
    id: str
    created: bool
    """False: a task of that id, or an unfinished one of that key, was there already; `id` is its id."""


async def enqueue(notifier: Notifier, tasks: Sequence[Task]) -> list[Enqueued]:
    """Store tasks as `machine.create` made them, and announce them. A repeat with the same ids or keys adds none.

    Raises StoreUnavailable; none of the batch is stored then.
    """
    ticket_sent_at = notifier.early_ticket.send(notifier.tickets, tasks)
    there = await notifier.store.add(tasks)
    if not there:
        notifier.changed(tasks, ticket_sent_at)
        return [Enqueued(task.spec.id, True) for task in tasks]
    notifier.changed([task for i, task in enumerate(tasks) if i not in there])
    return [Enqueued(there.get(i, task.spec.id), i not in there) for i, task in enumerate(tasks)]


PendingCall = tuple[Sequence[Task], "asyncio.Future[list[Enqueued]]"]
"""What to enqueue, and where the answer goes. A bare tuple: one is made for every task."""


class EnqueueBatcher:
    """Enqueues that are called while one is in flight go together in the next. For one event loop.

    A lone call waits for nothing; a hundred at once share one commit.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._calls: list[PendingCall] = []
        self._flush: asyncio.Task[None] | None = None

    def enqueue(self, tasks: Sequence[Task]) -> "asyncio.Future[list[Enqueued]]":
        """As the function `enqueue`, to be awaited; not a coroutine, because it is called for every task."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Enqueued]] = loop.create_future()
        self._calls.append((tasks, answer))
        if self._flush is None:
            self._flush = loop.create_task(self._flushing())
        return answer

    async def _flushing(self) -> None:
        try:
            while self._calls:
                await self._together(self._next())
        finally:
            self._flush = None

    def _next(self) -> list[PendingCall]:
        """The first call, and as many more as fit."""
        size = 0
        for end, (tasks, _) in enumerate(self._calls):
            size += len(tasks)
            if size > LARGEST and end > 0:
                break
        else:
            end = len(self._calls)
        calls, self._calls = self._calls[:end], self._calls[end:]
        return calls

    async def _together(self, calls: list[PendingCall]) -> None:
        all_tasks = calls[0][0] if len(calls) == 1 else [task for tasks, _ in calls for task in tasks]
        try:
            made = await enqueue(self._notifier, all_tasks)
        except Exception as error:
            if len(calls) == 1 or isinstance(error, StoreUnavailable):
                for _, answer in calls:
                    if not answer.done():
                        answer.set_exception(error)
                return
            for call in calls:  # one call's bad data must not fail the others
                await self._together([call])
        else:
            start = 0
            for tasks, answer in calls:
                end = start + len(tasks)
                if not answer.done():  # else its caller was cancelled
                    answer.set_result(made[start:end])
                start = end
