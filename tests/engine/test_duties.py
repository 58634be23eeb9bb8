"""The background duties: each step against a real store, and the loop that runs them."""

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from taskmill.core.errors import StoreUnavailable
from taskmill.core.outcome import Failure, Lost
from taskmill.core.state import State
from taskmill.core.task import SECOND
from taskmill.engine.client import control
from taskmill.engine.duties.expire import Expire
from taskmill.engine.duties.loop import run_forever
from taskmill.engine.duties.promote import Promote
from taskmill.engine.duties.purge import Purge
from taskmill.engine.duties.reap import Reap, give_back
from taskmill.engine.duties.thread import DutyThread
from taskmill.engine.live.why import why_not_started
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.stores.contract import ClaimQuery, WorkerRow
from taskmill.stores.open import open_store
from taskmill.testing.faulty import Faulty, once
from tests.engine import handlers as h
from tests.engine.conftest import Trial

LEASE = 15 * SECOND


async def test_a_scheduled_task_starts_soon_after_it_is_due(mill: Trial) -> None:
    stop = asyncio.Event()
    duties = asyncio.create_task(run_forever(mill.store, [Promote(mill.notifier, poll=60.0)], stop))
    async with mill.worker(poll=60.0):
        done = await mill.run(h.add.using(delay=0.3).call(1, 2))
    stop.set()
    await duties
    late = ((done.head.started_at or 0) - done.head.run_at) / SECOND
    assert 0 <= late < 0.25, f"{late} s late, although nothing polls"


async def test_what_has_not_started_in_time_ends_as_cancelled(mill: Trial) -> None:
    """Also while it waits for its time; whoever waits for it is woken. One that started in time is left alone."""
    await mill.store.pause("closed", True)
    soon = h.add.using(queue="closed", expires=0.05)
    ready, later = await mill.add(soon.call(1, 2), soon.using(delay=0.01).call(3, 4))
    async with mill.worker():
        [started] = await mill.add(h.waits.using(expires=0.2).call(0.4))
        duties = asyncio.create_task(run_forever(mill.store, [Expire(mill.notifier, poll=0.02)], asyncio.Event()))
        for id in (ready, later):
            done = await mill.final(id)
            assert (done.head.state, done.head.attempt, done.head.started_at) == (State.CANCELLED, 0, None)
            assert json.loads(done.head.error or "")["code"] == "expired"
            assert await mill.store.attempts(id) == []
            why = await why_not_started(mill.store, done)
            assert why is not None
            assert why.startswith("it expired: it had not started by 20")
        assert (await mill.final(started)).head.state is State.SUCCEEDED
        await mill.store.pause("closed", False)
        [again] = await control.retry(mill.notifier, [ready])
        assert again.done
        assert (await mill.final(ready)).head.result == "3"
    duties.cancel()


async def test_promote_rests_until_the_next_task_is_due(mill: Trial) -> None:
    duty = Promote(mill.notifier, poll=60.0)
    assert await duty.step() == 60.0
    await mill.add(h.add.using(delay=10).call(1, 2))
    assert 9.0 < await duty.step() <= 10.0


async def test_a_lease_that_ran_out_is_taken_over_and_the_task_runs_again(mill: Trial) -> None:
    [id] = await mill.add(h.add.call(1, 2))
    [claim] = await mill.store.claim("ghost", 1, ClaimQuery(1))
    await mill.when(id, lambda _: time.time_ns() // 1000 > (claim.head.lease_until or 0))
    await Reap(mill.notifier, "reaper", 15.0).step()
    head = (await mill.get(id)).head
    assert (head.state, head.attempt, head.losses) == (State.READY, 0, 1)
    assert json.loads(head.error or "")["code"] == "worker_lost"


async def test_a_lost_task_runs_in_a_process_of_its_own(mill: Trial) -> None:
    [id] = await mill.add(h.pid_on_the_loop.call())
    await mill.store.claim("dead", LEASE, ClaimQuery(1))
    lost = Lost(Failure("worker_lost", "SIGKILL", "worker-1 was ended by SIGKILL"), crashed=True)
    await give_back(mill.notifier, "supervisor", "dead", 15.0, {id}, lost)
    async with mill.worker():
        suspect, other = await mill.final(id), await mill.run(h.pid_on_the_loop.call())
    assert (suspect.head.state, other.head.result) == (State.SUCCEEDED, str(os.getpid()))
    assert suspect.head.result != other.head.result


async def test_a_dead_worker_s_suspects_are_counted_and_the_rest_is_unharmed(mill: Trial) -> None:
    suspect, innocent = await mill.add(h.add.call(1, 2), h.add.call(3, 4))
    await mill.store.claim("dead", LEASE, ClaimQuery(2))
    lost = Lost(Failure("worker_lost", "SIGKILL", "worker-1 was ended by SIGKILL"))
    await give_back(mill.notifier, "supervisor", "dead", 15.0, {suspect}, lost)
    assert [(await mill.get(id)).head.losses for id in (suspect, innocent)] == [1, 0]
    assert {(await mill.get(id)).head.state for id in (suspect, innocent)} == {State.READY}
    [record] = await mill.store.attempts(suspect)
    assert (record.outcome, record.worker) == ("worker_lost", "dead")


async def test_a_repeat_gives_back_what_a_failing_store_left_half_way(mill: Trial) -> None:
    suspect, innocent = await mill.add(h.add.call(1, 2), h.add.call(3, 4))
    await mill.store.claim("dead", LEASE, ClaimQuery(2))
    lost = Lost(Failure("worker_lost", "SIGKILL", "worker-1 was ended by SIGKILL"))
    failing = Faulty(mill.store)
    failing.before = once("save")
    with pytest.raises(StoreUnavailable):
        await give_back(Notifier(failing), "heir", "dead", 15.0, {suspect}, lost)
    await give_back(Notifier(failing), "heir", "dead", 15.0, {suspect}, lost)
    assert [(await mill.get(id)).head.losses for id in (suspect, innocent)] == [1, 0]
    assert {(await mill.get(id)).head.state for id in (suspect, innocent)} == {State.READY}


async def test_purge_keeps_each_state_as_long_as_it_is_told(mill: Trial) -> None:
    async with mill.worker():
        good, bad = await mill.run(h.add.call(1, 2)), await mill.run(h.gives_up.call())
    [waiting] = await mill.add(h.add.call(1, 2))
    await Purge(mill.store, {State.SUCCEEDED: 0.0, State.FAILED: 3600.0}).step()
    assert set(await mill.store.get([good.spec.id, bad.spec.id, waiting])) == {bad.spec.id, waiting}


@pytest.mark.slow
async def test_a_handler_that_blocks_the_event_loop_does_not_stop_the_heartbeat(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/t.db"
    store = open_store(url)
    await store.open()
    mill = Trial(store)
    settings = WorkerSettings(lease=0.3)
    [id] = await mill.add(h.blocks_the_loop.call(1.0))
    async with mill.worker(lease=0.3) as worker:
        row = WorkerRow(worker.owner, "host", 1, 0, 0, "null", 1, 0, "0")
        duties = DutyThread(lambda: Notifier(open_store(url)), worker, lambda: row, settings)
        duties.start()
        await duties.first_beat()
        done = await mill.final(id)
        duties.finish()
    await store.close()
    assert (done.head.state, done.head.losses, done.head.version) == (State.SUCCEEDED, 0, 3)
