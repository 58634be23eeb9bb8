"""Concurrent enqueues go together, and each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from taskmill.core.errors import StoreError, StoreUnavailable
from taskmill.core.task import Task
from taskmill.engine.client.enqueue import LARGEST, EnqueueBatcher, Enqueued
from taskmill.engine.notifier import Notifier
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance.case import a_task


class Gate(MemoryStore):
    """A store whose inserts go on once the gate is open, and which tells how large they were."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.opened = asyncio.Event()
        self.sizes: list[int] = []
        self.refused: dict[str, Exception] = {}

    async def add(self, tasks: Sequence[Task]) -> dict[int, str]:
        self.sizes.append(len(tasks))
        self.begun.set()
        await self.opened.wait()
        for task in tasks:
            if task.spec.id in self.refused:
                raise self.refused[task.spec.id]
        return await super().add(tasks)


async def running(gate: Gate, *batches: list[Task]) -> "list[asyncio.Future[list[Enqueued]]]":
    """The first is in flight, the others wait for it."""
    batcher = EnqueueBatcher(Notifier(gate))
    calls = [batcher.enqueue(batches[0])]
    await gate.begun.wait()
    return calls + [batcher.enqueue(batch) for batch in batches[1:]]


async def test_calls_made_meanwhile_share_the_next_commit() -> None:
    gate = Gate()
    twin = a_task()
    calls = await running(gate, [twin], [a_task(), twin], [a_task()], [twin, a_task(), twin])
    gate.opened.set()
    answers = await asyncio.gather(*calls)
    created = [[made.created for made in answer] for answer in answers]
    assert created == [[True], [True, False], [True], [False, True, False]]
    assert {made.id for answer in answers for made in answer if not made.created} == {twin.spec.id}
    assert gate.sizes == [1, 6]


async def test_a_commit_has_a_bounded_size() -> None:
    gate = Gate()
    calls = await running(gate, [a_task()], *([a_task()] * LARGEST for _ in range(3)), [a_task()])
    gate.opened.set()
    await asyncio.gather(*calls)
    assert gate.sizes == [1, LARGEST, LARGEST, LARGEST, 1]


async def test_bad_data_of_one_call_fails_no_other() -> None:
    gate = Gate()
    bad = a_task()
    gate.refused[bad.spec.id] = StoreError("no")
    calls = await running(gate, [a_task()], [a_task()], [bad], [a_task()])
    gate.opened.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [list, list, StoreError, list]


async def test_a_store_that_is_down_fails_all_that_were_in_the_commit() -> None:
    gate = Gate()
    down = a_task()
    gate.refused[down.spec.id] = StoreUnavailable("down")
    calls = await running(gate, [a_task()], [a_task()], [down])
    gate.opened.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [list, StoreUnavailable, StoreUnavailable]
    assert gate.sizes == [1, 2]


async def test_a_caller_that_gave_up_does_not_stop_the_others() -> None:
    gate = Gate()
    calls = await running(gate, [a_task()], [a_task()], [a_task()])
    calls[0].cancel()
    calls[1].cancel()
    gate.opened.set()
    assert [made.created for made in await calls[2]] == [True]
    with pytest.raises(asyncio.CancelledError):
        await calls[1]
