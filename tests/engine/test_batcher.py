"""Concurrent enqueues go together, and each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from taskmill.core.errors import StoreError, StoreUnavailable
from taskmill.engine.client.batcher import LARGEST, EnqueueBatcher
from taskmill.engine.client.enqueue import Enqueued, Request, enqueue
from taskmill.engine.notifier import Notifier
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance.case import a_task


class Gate:
    """An enqueue that goes on when it is told to, and tells what it was given."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.store = MemoryStore()
        self.open = asyncio.Event()
        self.sizes: list[int] = []
        self.refused: dict[str, Exception] = {}

    async def enqueue(self, requests: Sequence[Request]) -> list[Enqueued]:
        self.sizes.append(len(requests))
        self.begun.set()
        await self.open.wait()
        for request in requests:
            if request.spec.id in self.refused:
                raise self.refused[request.spec.id]
        return await enqueue(Notifier(self.store), requests)


def a_request() -> Request:
    return Request(a_task().spec)


async def running(gate: Gate, *batches: list[Request]) -> "list[asyncio.Future[list[Enqueued]]]":
    """The first is in flight, the others wait for it."""
    gathered = EnqueueBatcher(gate.enqueue)
    calls = [gathered.enqueue(batches[0])]
    await gate.begun.wait()
    return calls + [gathered.enqueue(batch) for batch in batches[1:]]


async def test_calls_made_meanwhile_share_the_next_commit() -> None:
    gate = Gate()
    twin = a_request()
    calls = await running(gate, [twin], [a_request(), twin], [a_request()], [twin, a_request(), twin])
    gate.open.set()
    answers = await asyncio.gather(*calls)
    created = [[made.created for made in answer] for answer in answers]
    assert created == [[True], [True, False], [True], [False, True, False]]
    assert {made.id for answer in answers for made in answer if not made.created} == {twin.spec.id}
    assert gate.sizes == [1, 6]


async def test_a_commit_has_a_bounded_size() -> None:
    gate = Gate()
    calls = await running(gate, [a_request()], *([a_request()] * LARGEST for _ in range(3)), [a_request()])
    gate.open.set()
    await asyncio.gather(*calls)
    assert gate.sizes == [1, LARGEST, LARGEST, LARGEST, 1]


async def test_bad_data_of_one_call_fails_no_other() -> None:
    gate = Gate()
    bad = a_request()
    gate.refused[bad.spec.id] = StoreError("no")
    calls = await running(gate, [a_request()], [a_request()], [bad], [a_request()])
    gate.open.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [list, list, StoreError, list]


async def test_a_store_that_is_down_fails_all_that_were_in_the_commit() -> None:
    gate = Gate()
    down = a_request()
    gate.refused[down.spec.id] = StoreUnavailable("down")
    calls = await running(gate, [a_request()], [a_request()], [down])
    gate.open.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [list, StoreUnavailable, StoreUnavailable]
    assert gate.sizes == [1, 2]


async def test_a_caller_that_gave_up_does_not_stop_the_others() -> None:
    gate = Gate()
    calls = await running(gate, [a_request()], [a_request()], [a_request()])
    calls[0].cancel()
    calls[1].cancel()
    gate.open.set()
    assert [made.created for made in await calls[2]] == [True]
    with pytest.raises(asyncio.CancelledError):
        await calls[1]
