"""The sandbox that users test with."""

import asyncio
import unittest
from collections.abc import Iterator
from typing import Any

import pytest

from taskmill import (
    App,
    Cancel,
    Context,
    InvalidRequest,
    ResultTimeout,
    RetryPolicy,
    Snooze,
    State,
    TaskCancelled,
    TaskError,
    current,
)
from taskmill.core.task import SECOND
from taskmill.testing import Sandbox

app = App("sqlite:///never-made.db")
calls: list[Any] = []
failing = 0


@app.task
def add(a: int, b: int) -> int:
    calls.append(("add", a, b))
    return a + b


@app.task
async def aadd(ctx: Context, a: int, b: int) -> int:
    await asyncio.sleep(0)
    ctx.progress(0.5, "half")
    assert current() is ctx
    calls.append(("aadd", a, b))
    return a + b


@app.task
def twice(a: int) -> None:
    add.using(key="second").enqueue(a, a)
    calls.append(("twice", a))


@app.task(retries=2, retry=RetryPolicy(growth="fixed", base=10.0, jitter="none"))
def flaky(text: str) -> str:
    global failing
    failing -= 1
    calls.append(("flaky", current().attempt))  # type: ignore[union-attr]
    if failing >= 0:
        raise ValueError(text)
    return text


@app.task
def later() -> None:
    calls.append("later")
    if len(calls) == 1:
        raise Snooze(60)


@app.task
def never() -> None:
    raise Cancel("no need")


@app.task(timeout=0.01, retries=0)
async def slow() -> None:
    await asyncio.sleep(60)


@app.task
def dies() -> None:
    calls.append("dies")
    if len(calls) == 1:
        raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def fresh() -> None:
    global failing
    calls.clear()
    failing = 0


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(app) as box:
        yield box


@pytest.fixture
def inline() -> Iterator[Sandbox]:
    with Sandbox(app, inline=True) as box:
        yield box


def test_tasks_wait_for_the_drain(box: Sandbox) -> None:
    handles = [add.enqueue(1, 2), aadd.enqueue(3, 4)]
    assert calls == []
    assert box.drain() == 2
    assert calls == [("add", 1, 2), ("aadd", 3, 4)]
    assert [handle.result() for handle in handles] == [3, 7]
    assert handles[1].progress() == (0.5, "half")
    assert current() is None
    assert box.drain() == 0


def test_in_order_of_priority_and_with_what_they_enqueue(box: Sandbox) -> None:
    twice.enqueue(1)
    add.using(priority="high").enqueue(0, 0)
    assert box.drain() == 3
    assert calls == [("add", 0, 0), ("twice", 1), ("add", 1, 1)]


def test_waiting_for_what_nobody_runs_fails_at_once(box: Sandbox) -> None:
    with pytest.raises(ResultTimeout, match="is ready, and nothing runs in a sandbox by itself"):
        add.enqueue(1, 2).result()


def test_errors_come_out_of_the_drain(box: Sandbox) -> None:
    global failing
    failing = 1
    handle = flaky.enqueue("bad")
    with pytest.raises(ValueError, match="bad"):
        box.drain()
    assert handle.status() is State.SCHEDULED
    box.clock.advance(seconds=10)
    assert box.drain() == 1
    assert handle.result() == "bad"


def test_errors_are_recorded(box: Sandbox) -> None:
    global failing
    failing = 3
    handle = flaky.enqueue("bad")
    assert [box.drain(raise_errors=False), box.drain(raise_errors=False)] == [1, 0]
    for _ in range(2):
        box.clock.advance(seconds=9.999)
        assert box.drain(raise_errors=False) == 0
        box.clock.advance(seconds=0.001)
        assert box.drain(raise_errors=False) == 1
    with pytest.raises(TaskError, match="failed in attempt 3 of 3: ValueError: bad"):
        handle.result()
    assert calls == [("flaky", 1), ("flaky", 2), ("flaky", 3)]


def test_the_clock_moves_schedules(box: Sandbox) -> None:
    handle = add.using(delay=3600).enqueue(1, 2)
    box.clock.advance(minutes=59)
    assert (box.drain(), handle.status()) == (0, State.SCHEDULED)
    box.clock.advance(minutes=1)
    assert (box.drain(), handle.result()) == (1, 3)
    assert handle.refresh().head.finished_at == box.clock.now()
    soon = add.using(delay=1).enqueue(1, 2).refresh()
    assert soon.head.run_at == box.clock.now() + SECOND


def test_the_clock_moves_leases(box: Sandbox) -> None:
    handle = dies.enqueue()
    with pytest.raises(KeyboardInterrupt):
        box.drain()
    assert (handle.status(), box.drain()) == (State.RUNNING, 0)
    box.clock.advance(seconds=16)
    assert (box.drain(), handle.result()) == (1, None)


def test_the_clock_does_not_go_back(box: Sandbox) -> None:
    with pytest.raises(InvalidRequest, match="can't go back by 0:00:01"):
        box.clock.advance(seconds=-1)


def test_snooze_and_cancel(box: Sandbox) -> None:
    snoozed, cancelled = later.enqueue(), never.enqueue()
    assert box.drain() == 2
    assert snoozed.status() is State.SCHEDULED
    with pytest.raises(TaskCancelled):
        cancelled.result()
    box.clock.advance(minutes=1)
    assert (box.drain(), snoozed.result()) == (1, None)


def test_timeouts_of_async_handlers(box: Sandbox) -> None:
    handle = slow.enqueue()
    with pytest.raises(TimeoutError, match=r"longer than its timeout of 0.01 s"):
        box.drain()
    with pytest.raises(TaskError, match="TimedOut: the attempt took longer"):
        handle.result()


def test_a_result_that_does_not_fit_its_annotation() -> None:
    app = App("memory://")

    @app.task(retries=0)
    def count() -> int:
        return "three"  # type: ignore[return-value]

    with Sandbox(app) as sandbox:
        handle = count.enqueue()
        with pytest.raises(ValueError, match="it does not fit the return annotation: expected `int`, got `str`"):
            sandbox.drain()
        with pytest.raises(TaskError, match="does not fit the return annotation"):
            handle.result()


def test_what_was_enqueued(box: Sandbox) -> None:
    add.using(queue="sums").enqueue(1, 2)
    add.enqueue(1, 3)
    box.drain()
    assert box.assert_enqueued(add, a=1, b=2).spec.queue == "sums"
    assert [one.spec.task_type for one in box.enqueued()] == ["add", "add"]
    assert len(box.enqueued(add, a=1)) == 2
    assert box.enqueued(twice) == []
    with pytest.raises(
        AssertionError, match=r"no add was enqueued with \{'a': 9\}; there was\n  add \{\"a\":1,\"b\":2\}\n"
    ):
        box.assert_enqueued(add, a=9)


def test_inline(inline: Sandbox) -> None:
    assert add.enqueue(1, 2).result() == 3
    assert aadd.enqueue(1, 2).result() == 3
    twice.enqueue(5)
    assert calls[-2:] == [("add", 5, 5), ("twice", 5)]
    assert [handle.result() for handle in add.enqueue_many([add.call(1, 1), add.call(2, 2)])] == [2, 4]


def test_inline_errors_come_with_the_result(inline: Sandbox) -> None:
    global failing
    failing = 2
    assert flaky.enqueue("good").result() == "good"
    failing = 3
    handle = flaky.enqueue("bad")
    with pytest.raises(TaskError, match="attempt 3 of 3: ValueError: bad"):
        handle.result()


def test_inline_leaves_what_is_for_later(inline: Sandbox) -> None:
    handle = add.using(delay=5).enqueue(1, 2)
    assert handle.status() is State.SCHEDULED
    inline.clock.advance(seconds=5)
    assert (inline.drain(), handle.result()) == (1, 3)


async def test_on_an_event_loop(box: Sandbox) -> None:
    handles = [await add.aenqueue(1, 2), await aadd.aenqueue(3, 4)]
    assert await box.adrain() == 2
    assert [await handle.aresult() for handle in handles] == [3, 7]
    with pytest.raises(ResultTimeout):
        await (await add.aenqueue(1, 2)).aresult()
    assert current() is None


async def test_inline_on_an_event_loop(inline: Sandbox) -> None:
    assert await (await aadd.aenqueue(1, 2)).aresult() == 3
    assert await add.enqueue(1, 2).aresult() == 3
    with pytest.raises(InvalidRequest, match="'aadd' is async and can't run inside"):
        aadd.enqueue(1, 2)


def test_the_app_is_as_before() -> None:
    before = app.clients
    with Sandbox(app):
        add.enqueue(1, 2)
    assert app.clients is before


class WithUnittest(unittest.TestCase):
    def test_enter_context(self) -> None:
        box = self.enterContext(Sandbox(app))
        add.enqueue(1, 2)
        self.assertEqual(box.drain(), 1)  # noqa: PT009
