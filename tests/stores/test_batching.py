"""Concurrent calls of `add` go together, and each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from taskmill.core.errors import StoreError, StoreUnavailable
from taskmill.core.task import Task
from taskmill.stores.batching import LARGEST, Gathered
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance.case import a_task


class Gate:
    """A store's `add` that goes on when it is told to, and tells what it was given."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.store = MemoryStore()
        self.open = asyncio.Event()
        self.sizes: list[int] = []
        self.refused: dict[str, Exception] = {}

    async def add(self, tasks: Sequence[Task]) -> dict[int, str]:
        self.sizes.append(len(tasks))
        self.begun.set()
        await self.open.wait()
        for task in tasks:
            if task.spec.id in self.refused:
                raise self.refused[task.spec.id]
        return await self.store.add(tasks)


async def running(gate: Gate, *batches: list[Task]) -> "list[asyncio.Task[dict[int, str]]]":
    """The first is in flight, the others wait for it."""
    gathered = Gathered(gate.add)
    calls = [asyncio.ensure_future(gathered.add(batches[0]))]
    await gate.begun.wait()
    calls += [asyncio.ensure_future(gathered.add(batch)) for batch in batches[1:]]
    await asyncio.sleep(0)
    return calls


async def test_calls_made_meanwhile_share_the_next_commit() -> None:
    gate = Gate()
    twin = a_task()
    calls = await running(gate, [twin], [a_task(), twin], [a_task()], [twin, a_task(), twin])
    gate.open.set()
    assert await asyncio.gather(*calls) == [{}, {1: twin.spec.id}, {}, {0: twin.spec.id, 2: twin.spec.id}]
    assert gate.sizes == [1, 6]


async def test_a_commit_has_a_bounded_size() -> None:
    gate = Gate()
    calls = await running(gate, [a_task()], *([a_task()] * LARGEST for _ in range(3)), [a_task()])
    gate.open.set()
    await asyncio.gather(*calls)
    assert gate.sizes == [1, LARGEST, LARGEST, LARGEST, 1]


async def test_bad_data_of_one_call_fails_no_other() -> None:
    gate = Gate()
    bad = a_task()
    gate.refused[bad.spec.id] = StoreError("no")
    calls = await running(gate, [a_task()], [a_task()], [bad], [a_task()])
    gate.open.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [dict, dict, StoreError, dict]


async def test_a_store_that_is_down_fails_all_that_were_in_the_commit() -> None:
    gate = Gate()
    down = a_task()
    gate.refused[down.spec.id] = StoreUnavailable("down")
    calls = await running(gate, [a_task()], [a_task()], [down])
    gate.open.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [dict, StoreUnavailable, StoreUnavailable]
    assert gate.sizes == [1, 2]


async def test_a_caller_that_gave_up_does_not_stop_the_others() -> None:
    gate = Gate()
    calls = await running(gate, [a_task()], [a_task()], [a_task()])
    calls[0].cancel()
    calls[1].cancel()
    gate.open.set()
    assert await calls[2] == {}
    with pytest.raises(asyncio.CancelledError):
        await calls[1]
