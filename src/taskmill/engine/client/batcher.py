"""Gathers concurrent enqueues: those made while one is in flight go together in the next insert and announcement.

A lone call waits for nothing; a hundred at once share one commit.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from taskmill.core.errors import StoreUnavailable
from taskmill.engine.client.enqueue import Enqueued, Request

Enqueue = Callable[[Sequence[Request]], Coroutine[Any, Any, list[Enqueued]]]
LARGEST = 2_000
"""Tasks in one commit, so that no caller waits long for the others."""


Call = tuple[Sequence[Request], "asyncio.Future[list[Enqueued]]"]
"""What to enqueue, and where the answer goes. A bare tuple: one is made for every task."""


class EnqueueBatcher:
    """For one event loop. `enqueue` does the work: engine/client/enqueue.py with its store."""

    def __init__(self, enqueue: Enqueue) -> None:
        self._enqueue = enqueue
        self._calls: list[Call] = []
        self._flush: asyncio.Task[None] | None = None

    def enqueue(self, requests: Sequence[Request]) -> "asyncio.Future[list[Enqueued]]":
        """As engine/client/enqueue.py, to be awaited; not a coroutine, because it is called for every task."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Enqueued]] = loop.create_future()
        self._calls.append((requests, answer))
        if self._flush is None:
            self._flush = loop.create_task(self._flushing())
        return answer

    async def _flushing(self) -> None:
        try:
            while self._calls:
                await self._together(self._next())
        finally:
            self._flush = None

    def _next(self) -> list[Call]:
        """The first call, and as many more as fit."""
        size = 0
        for end, (requests, _) in enumerate(self._calls):
            size += len(requests)
            if size > LARGEST and end > 0:
                break
        else:
            end = len(self._calls)
        calls, self._calls = self._calls[:end], self._calls[end:]
        return calls

    async def _together(self, calls: list[Call]) -> None:
        if len(calls) == 1:
            return await self._alone(calls[0])
        try:
            made = await self._enqueue([request for requests, _ in calls for request in requests])
        except StoreUnavailable as error:
            for call in calls:
                _refuse(call, error)
        except Exception:
            # One call's bad data must not fail the others.
            for call in calls:
                await self._alone(call)
        else:
            _share(calls, made)

    async def _alone(self, call: Call) -> None:
        try:
            made = await self._enqueue(call[0])
        except Exception as error:
            _refuse(call, error)
        else:
            _share([call], made)


def _share(calls: list[Call], made: list[Enqueued]) -> None:
    start = 0
    for requests, answer in calls:
        end = start + len(requests)
        if not answer.done():  # else its caller was cancelled
            answer.set_result(made[start:end])
        start = end


def _refuse(call: Call, error: Exception) -> None:
    _, answer = call
    if not answer.done():
        answer.set_exception(error)
