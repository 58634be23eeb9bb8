"""Apps and queues that share a store: none holds up another, and tasks of a queue start in its order."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from taskmill.brokers.open import open_broker
from taskmill.core.state import State
from taskmill.engine.duties.look_out import LookOut
from taskmill.engine.notifier import Notifier
from taskmill.engine.sender import BackgroundSender
from taskmill.stores.contract import WorkerRow
from taskmill.stores.open import open_store
from tests.engine import handlers as h
from tests.engine.conftest import Trial

ONE, TWO = {"add": h.add}, {"note": h.note}


async def open_mill(request: pytest.FixtureRequest, tmp_path: Path, stack: AsyncExitStack, kinds: str) -> Trial:
    """`kinds`: of the store, and of the broker if there is one."""
    kind, _, broker_kind = kinds.partition("+")
    url = f"sqlite:///{tmp_path}/tasks.db" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    store = open_store(url, caller="worker")
    await store.open()
    stack.push_async_callback(store.close)
    mill = Trial(store)
    if broker_kind:
        mill.broker = open_broker(request.getfixturevalue({"rabbitmq": "amqp_url", "redis": "redis_url"}[broker_kind]))
        tickets = BackgroundSender(mill.broker.announce)
        stack.push_async_callback(mill.broker.close)
        stack.push_async_callback(tickets.close)
        mill.notifier = Notifier(store, tickets)
    return mill


@pytest.fixture(params=["sqlite", "postgres", "postgres+rabbitmq", "postgres+redis"])
async def shared(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Trial]:
    async with AsyncExitStack() as stack:
        mill = await open_mill(request, tmp_path, stack, request.param)
        await mill.store.pause("default", False)  # a queue that is known
        yield mill


async def register(mill: Trial, **apps: dict[str, Any]) -> None:
    for name, tasks in apps.items():
        await mill.store.put_worker(WorkerRow(name, "here", 1, 0, 0, "null", 4, 0, "1", json.dumps(list(tasks))))


async def test_two_apps_do_not_delay_each_other(shared: Trial) -> None:
    await register(shared, one=ONE, two=TWO)
    async with shared.worker(tasks=ONE, poll=5.0), shared.worker(tasks=TWO, poll=5.0):
        longest = 0.0
        for i in range(40):
            began = time.monotonic()
            [mine, theirs] = await shared.add(h.add.call(i, 1), h.note.call(i))
            await asyncio.gather(shared.final(mine), shared.final(theirs))
            longest = max(longest, time.monotonic() - began)
        assert longest < 2.0
        await shared.add(*(h.add.call(i, 1) if i % 3 else h.note.call(i) for i in range(4_000)))
        await shared.all_done(30)


async def test_thousands_for_another_app_delay_nobody(shared: Trial) -> None:
    await register(shared, one=ONE, two=TWO)
    await shared.add(*(h.note.call(i) for i in range(5_000)))
    async with shared.worker(tasks=ONE, poll=5.0):
        for i in range(20):
            began = time.monotonic()
            assert (await shared.run(h.add.call(i, 1))).head.state is State.SUCCEEDED
            assert time.monotonic() - began < 2.0
    async with shared.worker(tasks=TWO, poll=5.0):
        await shared.all_done(30)


async def test_tasks_start_in_the_order_of_their_queue(shared: Trial) -> None:
    """One slot, one priority: with a broker too, although most tickets go back to it and come again behind others."""
    h.noted.clear()
    for first in range(0, 1_500, 300):
        await shared.add(*(h.note.call(i) for i in range(first, first + 300)))
    for i in range(1_500, 1_700):
        await shared.add(h.note.call(i))
    async with shared.worker(slots=1, poll=5.0):
        await shared.all_done(30)
    assert h.noted == list(range(1_700))


async def test_two_workers_overtake_by_little(shared: Trial) -> None:
    h.noted.clear()
    async with shared.worker(slots=1, poll=5.0), shared.worker(slots=1, poll=5.0):
        for first in range(0, 900, 300):
            await shared.add(*(h.note_slowly.call(i) for i in range(first, first + 300)))
        await shared.all_done(60)
    assert sorted(h.noted) == list(range(900))
    assert max(abs(number - place) for place, number in enumerate(h.noted)) <= 60


@pytest.mark.parametrize("priority", ["high", "low"])
async def test_a_long_queue_does_not_hold_up_another(shared: Trial, priority: str) -> None:
    await shared.add(*(h.note_slowly.using(queue="a", priority=priority).call(i) for i in range(10_000)))  # type: ignore[arg-type]
    [id] = await shared.add(h.add.using(queue="b").call(1, 2))
    async with shared.worker(slots=2, poll=5.0) as worker:
        async with asyncio.timeout(3):
            await shared.final(id)
        worker.stop.set()


async def test_a_type_that_no_live_worker_has_is_told_once(shared: Trial, caplog: pytest.LogCaptureFixture) -> None:
    """Not for every task, not while its worker may just be starting, and again when it came back."""
    await register(shared, one=ONE)
    look_out, other = LookOut(shared.store, "one"), LookOut(shared.store, "two")
    await shared.add(*(h.note.call(i) for i in range(20)), h.add.using(queue="b").call(1, 2))
    await look_out.step()
    assert caplog.messages == []
    for _ in range(3):
        await look_out.step()
        await other.step()
    assert caplog.messages == [
        "tasks wait that nobody will run: no live worker has the task type note; start one whose app has it: "
        "taskmill worker MODULE:APP"
    ]
    await register(shared, two=TWO)
    await look_out.step()
    await shared.store.drop_worker("two")
    for _ in range(3):
        await look_out.step()
    assert len(caplog.messages) == 2


async def test_what_finds_no_free_process_waits_for_one_and_holds_up_nobody(shared: Trial, tmp_path: Path) -> None:
    folder = tmp_path / "running"
    folder.mkdir()
    heavy = await shared.add(*(h.neighbours.call(str(folder)) for _ in range(8)))
    light = await shared.add(*(h.add.call(1, number) for number in range(20)))
    async with shared.worker(tasks={"neighbours": h.neighbours, "add": h.add}, slots=6, processes=2, poll=0.05):
        for id in light:
            await shared.final(id)
        await shared.all_done()
    together = [json.loads((await shared.get(id)).head.result or "0") for id in heavy]
    assert max(together) == 2


async def test_a_worker_that_has_only_processes_waits_for_them(shared: Trial, tmp_path: Path) -> None:
    folder = tmp_path / "running"
    folder.mkdir()
    heavy = await shared.add(*(h.neighbours.call(str(folder)) for _ in range(5)))
    async with shared.worker(tasks={"neighbours": h.neighbours}, slots=6, processes=1, poll=0.05):
        await shared.all_done()
    assert [json.loads((await shared.get(id)).head.result or "0") for id in heavy] == [1] * 5
