"""A worker on a store that fails: what ended is saved once it is back, nothing is doubled, nothing dies silently."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from taskmill.core.errors import StoreError, StoreUnavailable
from taskmill.core.state import State
from taskmill.engine.client import control
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.settings import WorkerTimings
from taskmill.stores.memory import MemoryStore
from taskmill.stores.open import open_store
from taskmill.testing.faulty import Faulty, down, never, once
from tests.engine import handlers as h
from tests.engine.conftest import Trial


@pytest.fixture(params=["memory", "sqlite"])
async def faulty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Faulty]:
    store = MemoryStore() if request.param == "memory" else open_store(f"sqlite:///{tmp_path}/t.db")
    await store.open()
    yield Faulty(store)
    await store.close()


@pytest.fixture
def mill(faulty: Faulty) -> Trial:
    """The tests look at the store itself, the worker gets the faulty one."""
    mill = Trial(faulty._store)
    mill.served = faulty
    mill.timings = WorkerTimings(failure_pause=0.02)
    return mill


@pytest.mark.parametrize("error", [StoreUnavailable("down"), StoreError("read-only")])
async def test_outcomes_are_saved_when_the_store_is_back(mill: Trial, faulty: Faulty, error: StoreError) -> None:
    async with mill.worker():
        [id] = await mill.add(h.waits.call(0.1))
        await mill.when(id, lambda task: task.head.state is State.RUNNING)
        faulty.before = down(error=error)
        faulty.calls.clear()
        [meanwhile] = await mill.add(h.add.call(1, 1))
        await asyncio.sleep(0.4)  # for so long it is down
        assert (await mill.get(meanwhile)).head.state is State.READY
        assert "turn" in faulty.calls
        assert len(faulty.calls) < 60, "it tries again and again without a rest"
        faulty.before = never
        done = await mill.final(id)
        assert (await mill.final(meanwhile)).head.state is State.SUCCEEDED
    assert (done.head.state, done.head.attempt, done.head.losses) == (State.SUCCEEDED, 1, 0)


async def test_a_save_whose_answer_was_lost_is_known_as_ours(
    mill: Trial, faulty: Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    async with mill.worker(slots=1):  # one that is busy makes no turn but to save
        [id] = await mill.add(h.waits.using(retries=0, timeout=0.1).call())
        await mill.when(id, lambda task: task.head.state is State.RUNNING)
        ear = mill.store.bell.listen("final")
        faulty.after = once("turn")
        done = await mill.final(id)
        assert await ear.wait(5) == [("final", id)], "whoever waits for it must hear of it"
        ear.close()
    assert done.head.state is State.FAILED
    assert len(await mill.store.attempts(id)) == 1
    assert "too late" not in caplog.text


async def test_claims_are_kept_when_the_store_fails_right_after(mill: Trial, faulty: Faulty) -> None:
    """A stale outcome is read again in the same cycle as new claims come: that failure must not lose them."""
    async with mill.worker(slots=1):
        [first] = await mill.add(h.waits.call(0.1))
        await mill.when(first, lambda task: task.head.state is State.RUNNING)
        [second] = await mill.add(h.add.call(1, 1))
        await control.cancel(Notifier(_silent(mill)), [first])
        faulty.before = once("get")
        assert (await mill.final(second)).head.state is State.SUCCEEDED
        assert (await mill.final(first)).head.state is State.SUCCEEDED
    assert (await mill.get(second)).head.attempt == 1


def _silent(mill: Trial) -> Faulty:
    """The same store, whose bell nobody hears."""
    store = Faulty(mill.store)
    store.bell = MemoryStore().bell
    return store


async def test_a_cancel_is_heard_although_the_store_failed_when_it_came(mill: Trial, faulty: Faulty) -> None:
    async with mill.worker():
        one, two = await mill.add(h.waits.call(), h.waits.call())
        for id in (one, two):
            await mill.when(id, lambda task: task.head.state is State.RUNNING)
        faulty.before = once("get")
        await control.cancel(mill.notifier, [one])
        assert (await mill.final(one)).head.state is State.CANCELLED
        await control.cancel(mill.notifier, [two])
        assert (await mill.final(two)).head.state is State.CANCELLED


async def test_progress_goes_on_after_the_store_failed(mill: Trial, faulty: Faulty) -> None:
    faulty.before = once("extend")
    async with mill.worker() as worker:
        [missed, heard] = await mill.add(h.waits.call(), h.waits_in_thread.call())
        await mill.when(heard, lambda _: "extend" in faulty.calls)
        [later] = await mill.add(h.waits.call())
        await mill.when(later, lambda task: task.head.progress is not None)
        worker.stop.set()
    assert (await mill.get(missed)).head.state is State.READY


async def test_a_worker_that_stops_tries_for_a_while_to_save(mill: Trial, faulty: Faulty) -> None:
    async with mill.worker():
        [id] = await mill.add(h.waits.call(0.1))
        await mill.when(id, lambda task: task.head.state is State.RUNNING)
        faulty.before = down()
        asyncio.get_running_loop().call_later(0.3, setattr, faulty, "before", never)
    assert (await mill.get(id)).head.state is State.SUCCEEDED


async def test_a_worker_ends_although_the_store_stays_away(
    mill: Trial, faulty: Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    async with mill.worker(timings=WorkerTimings(failure_pause=0.02, close_timeout=0.1)):
        [id] = await mill.add(h.waits.call(0.05))
        await mill.when(id, lambda task: task.head.state is State.RUNNING)
        faulty.before = down()
    assert "1 outcomes could not be saved" in caplog.text


async def test_a_part_that_fails_takes_the_worker_along(mill: Trial, faulty: Faulty) -> None:
    """Half a worker would hold tasks that nobody runs."""
    faulty.before = lambda verb: ZeroDivisionError("a mistake of ours") if verb == "turn" else None  # type: ignore[assignment, return-value]
    with pytest.raises(ExceptionGroup, match="unhandled") as failed:
        async with mill.worker() as worker:
            await asyncio.wait_for(worker.running, 5)
    assert failed.group_contains(ZeroDivisionError)


async def test_a_retry_policy_that_cannot_be_read_stops_nobody(mill: Trial) -> None:
    task = h.fail.call("x").made
    bad = task._replace(spec=task.spec._replace(retry='{"growth": "sideways"}'))
    async with mill.worker():
        from taskmill.engine.client.enqueue import enqueue

        [made] = await enqueue(mill.notifier, [bad])
        assert "could not be decided" in ((await mill.final(made.id)).head.error or "")
        assert (await mill.run(h.add.call(1, 1))).head.state is State.SUCCEEDED


@pytest.mark.parametrize("seed", range(3))
async def test_a_store_that_fails_at_random_loses_and_doubles_nothing(mill: Trial, faulty: Faulty, seed: int) -> None:
    chance = random.Random(seed)

    def fault(verb: str) -> StoreError | None:
        return StoreUnavailable("flickers") if chance.random() < 0.15 else None

    faulty.before = fault
    async with mill.worker(slots=4, lease=0.5) as one, mill.worker(slots=4, lease=0.5) as two:
        calls = [h.waits.call(chance.uniform(0.0, 0.01)) for _ in range(60)]
        ids = await mill.add(*calls, *(h.add_in_thread.call(1, 1) for _ in range(20)))
        tasks = [await mill.final(id) for id in ids]
        assert one.owner != two.owner
    assert {(task.head.state, task.head.losses) for task in tasks} == {(State.SUCCEEDED, 0)}
