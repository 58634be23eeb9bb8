"""Every way an attempt can end, on both stores and all executors."""

import json
import logging
from pathlib import Path

import pytest

from taskmill.core.state import State
from tests.engine import handlers as h
from tests.engine.conftest import Trial


@pytest.mark.parametrize("task", [h.add, h.add_in_thread, h.add_in_process])
async def test_a_result_is_stored(mill: Trial, task: object) -> None:
    async with mill.worker():
        done = await mill.run(task.call(2, 3))  # type: ignore[attr-defined]
    assert (done.head.state, done.head.result, done.head.attempt) == (State.SUCCEEDED, "5", 1)
    assert done.head.started_at <= done.head.finished_at  # type: ignore[operator]


async def test_an_error_is_retried_until_the_attempts_are_used_up_and_each_leaves_a_record(mill: Trial) -> None:
    async with mill.worker():
        id = (await mill.add(h.fail.call("no bread")))[0]
        await promoting(mill, id)
    done = await mill.get(id)
    error = json.loads(done.head.error or "")
    assert (done.head.state, done.head.attempt) == (State.FAILED, 3)
    assert (error["code"], error["type"], error["message"]) == ("exception", "ValueError", "no bread")
    assert "raise ValueError(message)" in error["traceback"]
    assert "taskmill/executors" not in error["traceback"], "it begins with the handler's own frame"
    records = await mill.store.attempts(id)
    assert [record.number for record in records] == [1, 2, 3]
    assert {record.outcome for record in records} == {"exception"}


async def promoting(mill: Trial, id: str) -> None:
    """Stands in for the promote duty."""
    from taskmill.engine.duties.promote import Promote

    duty = Promote(mill.notifier, 0.01)
    while (await mill.get(id)).head.finished_at is None:
        rest = await duty.step()
        ear = mill.store.bell.listen("final", "due")
        await ear.wait(min(rest, 0.02))
        ear.close()


async def test_an_exception_that_is_not_retried(mill: Trial) -> None:
    async with mill.worker():
        done = await mill.run(h.refuse.call())
    assert (done.head.state, done.head.attempt) == (State.FAILED, 1)


async def test_success_after_retries(mill: Trial) -> None:
    async with mill.worker():
        for task in (h.third_time, h.asks_again):
            [id] = await mill.add(task.call())
            await promoting(mill, id)
            done = await mill.get(id)
            assert done.head.state is State.SUCCEEDED
            assert done.head.error is None
            assert int(done.head.result or 0) == done.head.attempt


async def test_a_snooze_gives_the_attempt_back(mill: Trial, tmp_path: Path) -> None:
    async with mill.worker():
        [id] = await mill.add(h.snoozes.call(str(tmp_path / "mark")))
        await promoting(mill, id)
    assert (await mill.get(id)).head.result == "1"


async def test_fail_and_cancel_end_a_task_at_once(mill: Trial) -> None:
    async with mill.worker():
        failed, cancelled = await mill.run(h.gives_up.call()), await mill.run(h.cancels_itself.call())
    assert (failed.head.state, failed.head.attempt) == (State.FAILED, 1)
    assert json.loads(failed.head.error or "")["message"] == "hopeless"
    assert cancelled.head.state is State.CANCELLED


async def test_a_result_that_is_no_json_is_refused_for_good(mill: Trial) -> None:
    async with mill.worker():
        done = await mill.run(h.unusable_result.call())
    assert done.head.state is State.FAILED
    assert json.loads(done.head.error or "")["code"] == "invalid_result"


async def test_a_handler_that_exits_does_not_end_its_process(mill: Trial) -> None:
    async with mill.worker():
        first = await mill.run(h.pid.call())
        [id] = await mill.add(h.exits.using(retries=0).call())
        await mill.final(id)
        second = await mill.run(h.pid.call())
    error = json.loads((await mill.get(id)).head.error or "")
    assert (error["code"], error["type"]) == ("exception", "SystemExit")
    assert first.head.result == second.head.result


async def test_a_process_that_crashes_is_lost_three_times_then_parked_with_the_signal(mill: Trial) -> None:
    async with mill.worker():
        done = await mill.run(h.crashes.call())
        assert (await mill.run(h.add.call(1, 1))).head.state is State.SUCCEEDED
    assert (done.head.state, done.head.losses, done.head.crashes) == (State.FAILED, 3, 3)
    assert json.loads(done.head.error or "")["type"] == "SIGSEGV"
    assert [record.outcome for record in await mill.store.attempts(done.spec.id)] == ["worker_lost"] * 3


async def test_log_lines_are_kept_and_bounded(mill: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    from taskmill.engine.worker.logs import capture

    monkeypatch.setattr(logging.getLogger(), "handlers", list(logging.getLogger().handlers))
    capture()
    async with mill.worker():
        done = await mill.run(h.speaks.call())
    [record] = await mill.store.attempts(done.spec.id)
    lines = json.loads(record.log or "")
    assert [line["message"] for line in lines[:2]] == ["by the context", "by logging"]
    assert lines[1]["level"] == "warning"
    assert len(lines) == 200


@pytest.mark.parametrize("task", [h.waits, h.deaf_in_thread, h.deaf_in_process])
async def test_a_timeout_ends_the_attempt(mill: Trial, task: object) -> None:
    async with mill.worker():
        done = await mill.run(task.using(timeout=0.2, retries=0).call())  # type: ignore[attr-defined]
        assert (await mill.run(h.add.call(1, 1))).head.state is State.SUCCEEDED
    assert done.head.state is State.FAILED
    assert json.loads(done.head.error or "")["code"] == "timed_out"
