"""Cancel, retry, pause, drain: what people and operators do while a worker runs."""

import asyncio
import json
from pathlib import Path

import pytest

from taskmill.core.state import State
from taskmill.engine.client import control
from taskmill.engine.live.lookup import attempts_of
from taskmill.testing.faulty import Faulty, down, never
from tests.engine import handlers as h
from tests.engine.conftest import Trial


def is_running(task: object) -> bool:
    return task.head.progress is not None  # type: ignore[attr-defined]


@pytest.mark.parametrize("task", [h.waits, h.waits_in_thread, h.waits_in_process, h.hangs_in_process])
async def test_a_running_task_is_cancelled(mill: Trial, task: object) -> None:
    mill.stop_timeout = 3600.0
    async with mill.worker():
        [id] = await mill.add(task.call())  # type: ignore[attr-defined]
        running = await mill.when(id, is_running)
        assert json.loads(running.head.progress or "") == {"fraction": 0.4, "note": "waiting"}
        [verdict] = await control.cancel(mill.notifier, [id])
        assert (verdict.done, verdict.state) == (True, State.RUNNING)
        done = await mill.final(id)
    assert done.head.state is State.CANCELLED


async def test_a_queued_task_is_cancelled_at_once_and_never_starts(mill: Trial) -> None:
    [id] = await mill.add(h.add.call(1, 2))
    [verdict] = await control.cancel(mill.notifier, [id])
    assert verdict.state is State.CANCELLED
    async with mill.worker():
        await mill.run(h.add.call(1, 1))
    assert (await mill.get(id)).head.started_at is None


async def test_a_final_task_is_run_again_by_retry_and_refuses_cancel(mill: Trial) -> None:
    async with mill.worker():
        done = await mill.run(h.gives_up.call())
        id = done.spec.id
        [refused] = await control.cancel(mill.notifier, [id])
        assert (refused.done, refused.state) == (False, State.FAILED)
        [verdict] = await control.retry(mill.notifier, [id])
        assert verdict.done
        await mill.when(id, lambda task: task.head.version > done.head.version + 2)


async def test_delete_takes_final_tasks_only(mill: Trial) -> None:
    async with mill.worker():
        done = await mill.run(h.add.call(1, 1))
    [waiting] = await mill.add(h.add.call(1, 1))
    unknown = "00000000-0000-7000-8000-000000000000"
    verdicts = await control.delete(mill.notifier, [done.spec.id, waiting, unknown])
    assert [verdict.done for verdict in verdicts] == [True, False, False]
    assert verdicts[2].reason == "not_found"
    assert await mill.store.get([done.spec.id]) == {}


async def test_a_paused_queue_is_left_alone_until_it_is_resumed(mill: Trial) -> None:
    await mill.store.pause("default", True)
    async with mill.worker():
        [id] = await mill.add(h.add.call(1, 2))
        other = await mill.run(h.add.using(queue="other").call(1, 1))
        assert other.head.state is State.SUCCEEDED
        assert (await mill.get(id)).head.state is State.READY
        await mill.store.pause("default", False)
        assert (await mill.final(id)).head.result == "3"


async def test_drain_lets_running_tasks_end_and_gives_back_the_rest(mill: Trial) -> None:
    async with mill.worker(slots=1) as worker:
        running, queued = await mill.add(h.waits.call(0.2), h.add.call(1, 1))
        await mill.when(running, lambda task: task.head.state is State.RUNNING)
        worker.drain.set()
    assert (await mill.get(running)).head.state is State.SUCCEEDED
    head = (await mill.get(queued)).head
    assert (head.state, head.attempt) == (State.READY, 0)


async def test_a_second_signal_gives_everything_back_without_using_an_attempt(mill: Trial) -> None:
    async with mill.worker() as worker:
        [id] = await mill.add(h.waits.call())
        await mill.when(id, is_running)
        worker.drain.set()
        worker.stop.set()
    head = (await mill.get(id)).head
    assert (head.state, head.attempt, head.lease_owner) == (State.READY, 0, None)


async def test_claims_do_not_pile_up_behind_a_busy_worker(mill: Trial) -> None:
    """Short tasks make the worker claim ahead; when long ones follow, what waits is given back to others."""
    async with mill.worker(slots=2) as busy:
        ids = await mill.add(*(h.add.call(i, i) for i in range(300)))
        await asyncio.gather(*(mill.final(id) for id in ids))
        first, _, *long = await mill.add(*(h.waits.call() for _ in range(2)), *(h.waits.call(0.01) for _ in range(20)))
        await mill.when(first, lambda task: task.head.state is State.RUNNING)
        assert busy.owner in {(await mill.get(id)).head.lease_owner for id in long}, "it claims ahead"
        async with mill.worker(slots=2):
            done = await asyncio.gather(*(mill.final(id) for id in long))
        assert all(task.head.state is State.SUCCEEDED for task in done)
        busy.stop.set()


async def test_a_success_is_an_attempt_by_its_worker(mill: Trial) -> None:
    """Also a first one, of which no record is made; and one that a person left behind by a retry."""
    async with mill.worker() as worker:
        for call in (h.add.call(1, 2), h.speaks.call()):
            done = await mill.run(call)
            first = await attempts_of(mill.store, done)
            assert first[-1].outcome == "succeeded"
            assert (first[-1].number, first[-1].worker) == (done.head.attempt, worker.owner)
            assert (first[-1].started_at, first[-1].finished_at) == (done.head.started_at, done.head.finished_at)
            assert [each.number for each in first] == list(range(1, done.head.attempt + 1))
            assert (await control.retry(mill.notifier, [done.spec.id]))[0].done
            again = await mill.final(done.spec.id)
            both = await attempts_of(mill.store, again)
            assert both[: len(first)] == first
            assert len(both) == 2 * len(first)


async def test_a_task_type_nobody_here_knows_is_left_for_others(mill: Trial) -> None:
    """Thousands of them delay nobody, and are as they were."""
    from taskmill import App

    elsewhere = App("memory://")

    @elsewhere.task
    async def unheard_of() -> None: ...

    ids = await mill.add(*(unheard_of.call() for _ in range(3_000)))
    async with mill.worker(poll=3600.0):
        async with asyncio.timeout(10):
            for i in range(20):
                assert (await mill.run(h.add.call(i, i))).head.result == str(2 * i)
    tasks = await mill.store.get(ids)
    assert {task.head.version for task in tasks.values()} == {1}


async def test_a_cancelled_claim_that_waits_for_a_slot_never_starts(mill: Trial, tmp_path: Path) -> None:
    async with mill.worker(slots=1):
        await asyncio.gather(*(mill.run(h.add.call(i, i)) for i in range(50)))  # so that it claims ahead
        mark = tmp_path / "mark"
        blocking, cancelled = await mill.add(h.waits.call(0.2), h.snoozes.call(str(mark)))
        await mill.when(cancelled, lambda task: task.head.state is State.RUNNING)
        await control.cancel(mill.notifier, [cancelled])
        assert (await mill.final(cancelled)).head.state is State.CANCELLED
        assert (await mill.final(blocking)).head.state is State.SUCCEEDED
    assert not mark.exists()


async def test_a_cancel_between_the_end_and_the_save_comes_too_late(mill: Trial) -> None:
    failing = mill.served = Faulty(mill.store)
    async with mill.worker(slots=1) as worker:
        [id] = await mill.add(h.waits.call(0.05))
        await mill.when(id, lambda task: task.head.state is State.RUNNING)
        failing.before = down("turn")
        runs = worker.in_flight._runs
        await mill.when(id, lambda _: id in runs and runs[id].ended)  # it cannot be saved
        await control.cancel(mill.notifier, [id])
        await mill.when(id, lambda task: task.head.cancel)
        failing.before = never
        assert (await mill.final(id)).head.state is State.SUCCEEDED
