"""Handlers that do what no handler should: it stays with their own attempt, and the worker goes on."""

import asyncio
import json
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from taskmill.core.state import State
from taskmill.core.task import SECOND, Task
from taskmill.engine.client import control
from taskmill.engine.duties.loop import run_forever
from taskmill.engine.duties.promote import Promote
from taskmill.engine.worker.logs import capture
from taskmill.supervisor.output import LineHandler
from tests.engine import handlers as h
from tests.engine import misbehaving as r
from tests.engine.conftest import Trial

pytestmark = pytest.mark.slow

EVERYWHERE = [r.on_the_loop, r.in_a_thread, r.in_a_process]


def error(task: Task) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(task.head.error or "{}")
    return found


async def all_well(mill: Trial, slots: int = 1) -> None:
    """Every slot still runs what it is given, on each executor."""
    for task in (h.add, h.add_in_thread, h.add_in_process):
        ids = await mill.add(*(task.call(1, 1) for _ in range(slots)))
        assert [(await mill.final(id)).head.state for id in ids] == [State.SUCCEEDED] * slots


async def lines_come(path: Path, count: int) -> None:
    """What a thread writes: there is no event to wait for."""
    async with asyncio.timeout(10):
        while not path.exists() or path.read_text().count("\n") < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("task", EVERYWHERE, ids=lambda task: task.name)
async def test_whatever_is_raised_or_returned_is_the_attempt_s_own_failure(mill: Trial, task: Any) -> None:
    ways = [*r.ERRORS, "deep", "huge", "broken", "endless", "whole file"]
    async with mill.worker(slots=2):
        ids = await mill.add(*(task.call(way) for way in ways))
        ended = {way: await mill.final(id) for way, id in zip(ways, ids, strict=True)}
        await all_well(mill)
    assert {way: done.head.state for way, done in ended.items()} == dict.fromkeys(ways, State.FAILED)
    assert all(done.head.losses == 0 for done in ended.values())
    assert all(len(done.head.error or "") < 20_000 for done in ended.values())
    assert {error(ended[way])["code"] for way in ("huge", "endless", "whole file")} == {"invalid_result"}
    assert error(ended["deep"])["type"] == "RecursionError"


@pytest.mark.parametrize("wait", [True, False])
async def test_a_handler_that_cancels_its_own_asyncio_task_harms_nobody(mill: Trial, wait: bool) -> None:
    async with mill.worker(slots=1):
        for timeout in (None, 60.0):
            done = await mill.run(r.ends_itself.using(timeout=timeout).call(wait))
            assert done.head.state is (State.FAILED if wait else State.SUCCEEDED)
        assert (await mill.run(r.two_at_once.call())).head.result == '"in order"'
        assert (await mill.run(h.add.call(1, 1))).head.state is State.SUCCEEDED


async def test_a_handler_that_ends_other_parts_of_the_worker_ends_it_loudly(mill: Trial) -> None:
    async def course() -> None:
        async with mill.worker() as worker:
            await mill.add(r.ends_the_neighbours.call())
            await asyncio.wait_for(worker.running, 5)

    with pytest.raises(ExceptionGroup):
        await course()


async def test_a_handler_deaf_to_cancel_ends_when_it_likes_and_its_slot_is_as_new(mill: Trial) -> None:
    async with mill.worker(slots=1):
        [id] = await mill.add(r.goes_on.call(0.7))
        await mill.when(id, lambda task: task.head.progress is not None)
        for _ in range(2):  # once more is nothing new
            await control.cancel(mill.notifier, [id])
        assert (await mill.final(id)).head.state is State.SUCCEEDED
        assert (await mill.run(r.two_at_once.call())).head.result == '"in order"'
        [other] = await mill.add(h.waits.call())
        await mill.when(other, lambda task: task.head.progress is not None)
        await control.cancel(mill.notifier, [other])
        assert (await mill.final(other)).head.state is State.CANCELLED


async def test_cancel_and_the_end_of_the_worker_at_once(mill: Trial) -> None:
    async with mill.worker() as worker:
        ids = await mill.add(h.waits.call(), r.goes_on.call(1.0), h.waits_in_thread.call(), h.waits_in_process.call())
        for id in ids:
            await mill.when(id, lambda task: task.head.progress is not None)
        worker.stop.set()
        await control.cancel(mill.notifier, ids)
        await asyncio.wait_for(worker.running, 5)
    states = [(await mill.get(id)).head.state for id in ids]
    assert states == [State.CANCELLED, states[1], State.CANCELLED, State.CANCELLED]
    assert states[1] in (State.CANCELLED, State.SUCCEEDED)


async def test_a_timeout_and_a_cancel_at_once(mill: Trial) -> None:
    async with mill.worker(slots=4):
        ids = await mill.add(*(h.waits.using(timeout=0.3, retries=0).call() for _ in range(4)))
        started = (await mill.when(ids[0], lambda task: task.head.state is State.RUNNING)).head.started_at or 0
        await asyncio.sleep(started / SECOND + 0.3 - time.time())
        await control.cancel(mill.notifier, ids)
        ended = [await mill.final(id) for id in ids]
        assert {task.head.state for task in ended} <= {State.FAILED, State.CANCELLED}
        await all_well(mill, 4)


@pytest.mark.parametrize("way", ["returns", "raises"])
async def test_a_swallowed_cancellation_is_a_timeout(mill: Trial, way: str) -> None:
    async with mill.worker():
        done = await mill.run(r.swallows_its_cancellation.using(timeout=0.2, retries=0).call(way))
        assert (done.head.state, error(done)["code"]) == (State.FAILED, "timed_out")
        await all_well(mill)


async def test_what_a_late_handler_asks_for_is_done(mill: Trial) -> None:
    async with mill.worker():
        [id] = await mill.add(r.swallows_its_cancellation.using(timeout=0.2).call("retries"))
        later = await mill.when(id, lambda task: task.head.state is State.SCHEDULED)
        assert error(later)["message"] == "after its timeout"


async def test_except_exception_does_not_swallow_the_stop(mill: Trial, tmp_path: Path) -> None:
    path = tmp_path / "said"
    async with mill.worker(slots=1):
        done = await mill.run(r.swallows_exceptions.using(timeout=0.2, retries=0).call(str(path)))
        assert error(done)["code"] == "timed_out"
        await lines_come(path, 1)


async def test_what_a_plain_function_returned_to_be_awaited_ends_with_its_timeout(mill: Trial, tmp_path: Path) -> None:
    path = tmp_path / "said"
    async with mill.worker():
        done = await mill.run(r.waits_behind_a_plain_function.using(timeout=0.2, retries=0).call(str(path)))
        assert error(done)["code"] == "timed_out"
        await lines_come(path, 1)


async def test_a_timeout_is_seen_in_the_context(mill: Trial, tmp_path: Path) -> None:
    path = tmp_path / "said"
    async with mill.worker():
        done = await mill.run(r.goes_on_until_told.using(timeout=0.2, retries=0).call(str(path)))
        assert error(done)["code"] == "timed_out"
    assert path.read_text() == "cancelled True\n"


async def test_no_second_attempt_begins_beside_the_first_in_one_process(mill: Trial, tmp_path: Path) -> None:
    path, stop = tmp_path / "runs", asyncio.Event()
    duties = asyncio.create_task(run_forever(mill.store, [Promote(mill.notifier, poll=60.0)], stop))
    async with mill.worker():
        done = await mill.run(r.runs_over.using(timeout=0.1, retries=1).call(str(path)))
        assert (done.head.attempt, error(done)["code"]) == (2, "timed_out")
        await lines_come(path, 4)
    stop.set()
    await duties
    assert path.read_text().split() == ["began", "ended"] * 2


@pytest.mark.parametrize("kind", ["retry", "snooze"])
@pytest.mark.parametrize("seconds", ["nan", "-inf", "-1"])
async def test_a_rest_that_is_none_means_at_once(mill: Trial, kind: str, seconds: str) -> None:
    async with mill.worker():
        [id] = await mill.add(r.rests.call(kind, seconds))
        await mill.when(id, lambda task: task.head.version > 3)
        await control.cancel(mill.notifier, [id])
        await mill.final(id)


async def test_a_rest_without_end_is_ten_years(mill: Trial) -> None:
    async with mill.worker():
        for kind in ("retry", "snooze"):
            [id] = await mill.add(r.rests.call(kind, "1e308"))
            later = await mill.when(id, lambda task: task.head.state is State.SCHEDULED)
            assert later.head.run_at < (time.time() + 11 * 365 * 86_400) * SECOND


async def test_a_thread_that_talks_on_after_the_end_is_not_listened_to(mill: Trial) -> None:
    async with mill.worker():
        done = await mill.run(r.talks_on.call())
        for thread in [one for one in threading.enumerate() if one.name == "talks on"]:
            await asyncio.to_thread(thread.join)
        await all_well(mill)
        assert await mill.get(done.spec.id) == done


async def test_a_log_record_that_cannot_be_made_is_no_failure_of_the_handler(
    mill: Trial, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    capture()
    monkeypatch.setattr(logging.getLogger("misbehaving"), "handlers", [LineHandler()])
    monkeypatch.setattr(logging.getLogger("misbehaving"), "propagate", False)
    async with mill.worker():
        done = await mill.run(r.logs_badly.call())
    assert done.head.state is State.SUCCEEDED
    [record] = await mill.store.attempts(done.spec.id)
    assert [line["message"] for line in json.loads(record.log or "")] == ["%d of %d"]
    assert "%d of %d" in capsys.readouterr().err


async def test_threads_that_block_in_c_are_left_alone_and_slots_stay_usable(mill: Trial) -> None:
    async with mill.worker(slots=2):
        for _ in range(2):
            ids = await mill.add(*(r.sleeps_in_c.using(timeout=0.05).call(4.0) for _ in range(2)))
            assert {error(await mill.final(id))["code"] for id in ids} == {"timed_out"}
        await all_well(mill, 2)


@pytest.mark.parametrize("first", [0, 3])
async def test_a_process_whose_handler_closes_what_it_did_not_open(mill: Trial, first: int) -> None:
    async with mill.worker():
        done = await mill.run(r.closes.call(first))
        assert done.head.state is State.FAILED
        assert error(done)["code"] == "worker_lost"
        await all_well(mill)


async def test_a_process_that_closes_its_standard_streams_still_answers(mill: Trial) -> None:
    async with mill.worker():
        assert (await mill.run(r.prints.call(3))).head.state is State.SUCCEEDED
        assert (await mill.run(r.says_much.call())).head.state is State.SUCCEEDED
        done = await mill.run(r.too_long_for_the_pipe.call())
        assert error(done)["code"] == "invalid_result"


@pytest.mark.parametrize("task", [r.forks_in_a_process, r.forks_in_a_thread], ids=lambda task: task.name)
async def test_a_handler_that_forks_answers_once(mill: Trial, task: Any) -> None:
    before = {child.pid for child in psutil.Process().children()}
    async with mill.worker():
        for _ in range(2):
            assert (await mill.run(task.call())).head.result == '"returned"'
        await all_well(mill)
    assert {child.pid for child in psutil.Process().children()} <= before


async def test_what_a_killed_attempt_started_ends_with_it(mill: Trial, tmp_path: Path) -> None:
    path = tmp_path / "pid"
    async with mill.worker():
        await mill.run(h.add_in_process.call(1, 1))  # its process serves the next: the timeout is not for its start
        done = await mill.run(r.starts_a_program.using(timeout=1.0, retries=0).call(str(path)))
        assert error(done)["code"] == "timed_out"
    assert _ends(int(path.read_text()))


def _ends(pid: int) -> bool:
    try:
        psutil.Process(pid).wait(5)
    except psutil.NoSuchProcess:
        pass
    except psutil.TimeoutExpired:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)  # nobody here to bury it
    return True


async def test_an_idle_process_that_died_is_replaced_at_no_cost(mill: Trial) -> None:
    async with mill.worker():
        first = await mill.run(h.pid.call())
        os.kill(int(first.head.result or 0), 9)
        second = await mill.run(h.pid.call())
    assert (second.head.state, second.head.losses) == (State.SUCCEEDED, 0)
    assert second.head.result != first.head.result
    assert await mill.store.attempts(second.spec.id) == []
