"""Those who wait for tasks, or look at single ones, on one event loop share what they ask of the store."""

import asyncio
from collections.abc import Sequence

import pytest

from taskmill.core import machine
from taskmill.core.errors import NotFound, StoreUnavailable
from taskmill.core.ids import uuid7
from taskmill.core.state import State
from taskmill.core.task import Decision, Task
from taskmill.engine.client.control import cancel
from taskmill.engine.live.waiter import ResultWaiter, WaitTimings
from taskmill.engine.notifier import Notifier
from taskmill.stores.contract import ANY
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance.case import a_task


class Gated(MemoryStore):
    """Its `get` answers when its gate opens, and keeps how many it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.asked: list[int] = []

    async def get(self, ids: Sequence[str]) -> dict[str, Task]:
        self.asked.append(len(ids))
        found = await super().get(ids)
        self.begun.set()
        await self.gate.wait()
        return found


@pytest.fixture
async def store() -> Gated:
    return Gated()


async def stored(store: Gated, count: int) -> list[str]:
    tasks = [a_task() for _ in range(count)]
    await store.add(tasks)
    return [task.spec.id for task in tasks]


async def test_looks_during_a_look_go_together_in_the_next(store: Gated) -> None:
    ids, waiter = await stored(store, 20), ResultWaiter(store)
    first = asyncio.create_task(waiter.get(ids[0]))
    await store.begun.wait()
    others = [asyncio.create_task(waiter.get(id)) for id in ids + ids]
    await asyncio.sleep(0)
    store.gate.set()
    assert [task.spec.id for task in await asyncio.gather(first, *others)] == [ids[0], *ids, *ids]
    assert store.asked == [1, 20]


async def test_who_looks_does_not_see_what_was_read_before_he_asked(store: Gated) -> None:
    [id], waiter = await stored(store, 1), ResultWaiter(store)
    before = asyncio.create_task(waiter.get(id))
    await store.begun.wait()
    [task] = (await MemoryStore.get(store, [id])).values()
    await store.save([Decision(id, machine.cancel(task.head, task.head.run_at))])
    after = asyncio.create_task(waiter.get(id))
    await asyncio.sleep(0)
    store.gate.set()
    assert [(await look).head.state for look in (before, after)] == [State.READY, State.CANCELLED]


async def test_one_that_is_not_there_fails_alone(store: Gated) -> None:
    [id], waiter = await stored(store, 1), ResultWaiter(store)
    store.gate.set()
    found, missed = await asyncio.gather(waiter.get(id), waiter.get(uuid7()), return_exceptions=True)
    assert isinstance(found, Task)
    assert isinstance(missed, NotFound)


async def test_a_store_that_fails_fails_all_who_asked(store: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(_ids: Sequence[str]) -> dict[str, Task]:
        raise StoreUnavailable("away")

    [id], waiter = await stored(store, 1), ResultWaiter(store)
    monkeypatch.setattr(store, "get", failing)
    answers = await asyncio.gather(waiter.get(id), waiter.until_final(id, 5), return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable, StoreUnavailable]
    await waiter.close()


async def test_in_time_or_not_at_all(store: Gated) -> None:
    [id], waiter = await stored(store, 1), ResultWaiter(store)
    store.gate.set()
    with pytest.raises(TimeoutError):
        await waiter.until_final(id, 0.01)
    waiting = asyncio.create_task(waiter.until_final(id, 10))
    await cancel(Notifier(store), [id])
    assert (await waiting).head.state is State.CANCELLED
    await waiter.close()


async def test_a_ring_for_any_task_is_for_all(store: Gated) -> None:
    store.gate.set()
    [id], waiter = await stored(store, 1), ResultWaiter(store, WaitTimings(first_look=60.0))
    waiting = asyncio.create_task(waiter.until_final(id, 50))
    task = await waiter.get(id)
    await store.save([Decision(id, machine.cancel(task.head, task.head.run_at))])
    store.bell.ring("final", [ANY])
    assert (await waiting).head.state is State.CANCELLED
    await waiter.close()


async def test_when_waiting_stops_nobody_waits_any_longer(store: Gated) -> None:
    [id], waiter = await stored(store, 1), ResultWaiter(store)
    store.gate.set()
    waiting = asyncio.create_task(waiter.until_final(id, None))
    await waiter.get(id)
    waiter.stop()
    with pytest.raises(TimeoutError):
        await waiting
    with pytest.raises(TimeoutError):
        await waiter.until_final(id, None)
    await waiter.close()


async def test_who_still_waits_when_it_is_closed_is_told(store: Gated) -> None:
    [id], waiter = await stored(store, 1), ResultWaiter(store)
    waiting = [asyncio.create_task(waiter.until_final(id, None)), asyncio.create_task(waiter.get(id))]
    await store.begun.wait()
    await waiter.close()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(answer) for answer in answers] == ["the store was closed meanwhile"] * 2
