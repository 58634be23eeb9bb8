"""Gathers concurrent calls of `add`: those made while one is in flight go together in the next.

A lone call waits for nothing; a hundred at once share one commit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from taskmill.core.errors import StoreUnavailable
from taskmill.core.task import Task

Add = Callable[[Sequence[Task]], Awaitable[dict[int, str]]]
LARGEST = 2_000
"""Tasks in one commit, so that no caller waits long for the others."""


class Call(NamedTuple):
    tasks: Sequence[Task]
    answer: "asyncio.Future[dict[int, str]]"


class Gathered:
    """For one event loop."""

    def __init__(self, add: Add) -> None:
        self._add = add
        self._calls: list[Call] = []
        self._flush: asyncio.Task[None] | None = None

    async def add(self, tasks: Sequence[Task]) -> dict[int, str]:
        loop = asyncio.get_running_loop()
        call = Call(tasks, loop.create_future())
        self._calls.append(call)
        if self._flush is None:
            self._flush = loop.create_task(self._flushing())
        return await call.answer

    async def _flushing(self) -> None:
        try:
            while self._calls:
                await self._together(self._next())
        finally:
            self._flush = None

    def _next(self) -> list[Call]:
        """The first call, and as many more as fit."""
        end, size = 1, len(self._calls[0].tasks)
        while end < len(self._calls) and size + len(self._calls[end].tasks) <= LARGEST:
            size += len(self._calls[end].tasks)
            end += 1
        calls, self._calls = self._calls[:end], self._calls[end:]
        return calls

    async def _together(self, calls: list[Call]) -> None:
        if len(calls) == 1:
            return await self._alone(calls[0])
        try:
            there = await self._add([task for call in calls for task in call.tasks])
        except StoreUnavailable as error:
            for call in calls:
                _answer(call, error)
        except Exception:
            # One call's bad data must not fail the others.
            for call in calls:
                await self._alone(call)
        else:
            _share(calls, there)

    async def _alone(self, call: Call) -> None:
        try:
            _answer(call, await self._add(call.tasks))
        except Exception as error:
            _answer(call, error)


def _share(calls: list[Call], there: dict[int, str]) -> None:
    start = 0
    for call in calls:
        end = start + len(call.tasks)
        _answer(call, {i - start: id for i, id in there.items() if start <= i < end} if there else {})
        start = end


def _answer(call: Call, answer: dict[int, str] | Exception) -> None:
    if call.answer.done():
        return  # its caller was cancelled
    if isinstance(answer, Exception):
        call.answer.set_exception(answer)
    else:
        call.answer.set_result(answer)
