"""Enqueue: one, many, with options, synchronous and asynchronous; on both stores."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from taskmill import App, InvalidParameters, InvalidRequest, Priority, State, Task
from taskmill.core.task import SECOND


@pytest.fixture
def add(app: App) -> Task[[int, int], int]:
    @app.task
    def add(a: int, b: int) -> int:
        return a + b

    return add


@pytest.fixture
async def aadd(app: App, add: Task[[int, int], int]) -> AsyncIterator[Task[[int, int], int]]:
    yield add
    await app.aclose()


def test_one(add: Task[[int, int], int]) -> None:
    handle = add.enqueue(1, 2)
    spec, head = handle.refresh()
    assert (spec.id, spec.task_type, json.loads(spec.parameters)) == (handle.id, "add", {"a": 1, "b": 2})
    assert (head.state, handle.created) == (State.READY, True)


async def test_one_asynchronously(aadd: Task[[int, int], int]) -> None:
    handle = await aadd.aenqueue(1, 2)
    assert json.loads((await handle.arefresh()).spec.parameters) == {"a": 1, "b": 2}
    assert await handle.astatus() is State.READY


async def test_both_ways_lead_to_the_same_tasks(aadd: Task[[int, int], int]) -> None:
    assert aadd.handle((await aadd.aenqueue(1, 2)).id).status() is State.READY
    assert await aadd.handle(aadd.enqueue(1, 2).id).astatus() is State.READY


def test_many_each_with_its_own_options(add: Task[[int, int], int]) -> None:
    handles = add.enqueue_many(add.using(priority="low" if i % 2 else "high").call(i, 1) for i in range(5))
    stored = [handle.refresh().spec for handle in handles]
    assert [json.loads(spec.parameters)["a"] for spec in stored] == list(range(5))
    assert [spec.priority for spec in stored] == [1, 3, 1, 3, 1]
    assert add.enqueue_many([]) == []


async def test_the_same_calls_twice_make_no_second_tasks(aadd: Task[[int, int], int]) -> None:
    calls = [aadd.call(i, i) for i in range(3)]
    first, again = await aadd.aenqueue_many(calls), await aadd.aenqueue_many(calls)
    assert [handle.id for handle in again] == [handle.id for handle in first]
    assert [handle.created for handle in [*first, *again]] == [True] * 3 + [False] * 3


async def test_a_hundred_at_once(aadd: Task[[int, int], int]) -> None:
    handles = await asyncio.gather(*(aadd.aenqueue(i, i) for i in range(100)))
    assert len({handle.id for handle in handles}) == 100
    assert {await handle.astatus() for handle in handles} == {State.READY}


def test_from_many_threads_before_anything_is_open(app: App, add: Task[[int, int], int]) -> None:
    ready = threading.Barrier(8)
    ids: list[str] = []

    def work() -> None:
        ready.wait()
        ids.extend(add.enqueue(i, i).id for i in range(10))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({app.handle(id).refresh().spec.id for id in ids}) == 80


def test_one_event_loop_after_the_other(app: App, add: Task[[int, int], int]) -> None:
    async def once() -> State:
        return await (await add.aenqueue(1, 2)).astatus()

    assert [asyncio.run(once()) for _ in range(3)] == [State.READY] * 3
    asyncio.run(app.aclose())


def test_a_key_is_held_while_its_task_is_unfinished(add: Task[[int, int], int]) -> None:
    first = add.using(key="nightly").enqueue(1, 2)
    second = add.using(key="nightly").enqueue(3, 4)
    assert (second.id, second.created) == (first.id, False)
    assert first.cancel()
    assert add.using(key="nightly").enqueue(5, 6).created


def test_an_id_of_ones_own(add: Task[[int, int], int]) -> None:
    id = str(uuid4())
    assert add.using(id=id.upper()).enqueue(1, 2).id == id
    assert not add.using(id=id).enqueue(1, 2).created


def test_later(add: Task[[int, int], int]) -> None:
    for delay in (60, timedelta(minutes=1)):
        spec, head = add.using(delay=delay).enqueue(1, 2).refresh()
        assert (head.state, head.run_at - spec.created_at) == (State.SCHEDULED, 60 * SECOND)
    at = datetime.now(UTC) + timedelta(days=400)
    assert add.using(at=at).enqueue(1, 2).refresh().head.run_at == round(at.timestamp() * SECOND)
    assert add.using(at=datetime(2001, 1, 1, tzinfo=UTC)).enqueue(1, 2).status() is State.READY
    assert add.using(at=at).using(delay=0).enqueue(1, 2).status() is State.READY


def test_delay_counts_from_each_enqueue(add: Task[[int, int], int]) -> None:
    later = add.using(delay=60)
    first = later.enqueue(1, 2).refresh().head.run_at
    time.sleep(0.001)
    assert later.enqueue(1, 2).refresh().head.run_at > first


def test_options_reach_the_store(add: Task[[int, int], int]) -> None:
    chosen = add.using(queue="q", priority=Priority.HIGH, tags=["a", "b", "a"], timeout=timedelta(seconds=2), retries=0)
    spec = chosen.enqueue(1, 2).refresh().spec
    assert (spec.queue, spec.priority, spec.timeout, spec.attempt_limit) == ("q", 1, 2 * SECOND, 1)
    assert json.loads(spec.tags or "") == ["a", "b"]


REFUSED: dict[str, dict[str, Any]] = {
    "both delay and at": {"delay": 1, "at": datetime.now(UTC)},
    "at=.* with a time zone": {"at": datetime(2100, 1, 1)},
    "delay -1 must be seconds, from 0 to ten years": {"delay": -1},
    "at .* must be within the next ten years": {"at": datetime(2100, 1, 1, tzinfo=UTC)},
    "delay inf must be seconds": {"delay": float("inf")},
    "id 'seven' is not a UUID": {"id": "seven"},
    "key '' must be 1 to 128": {"key": ""},
    "tags 'mail' must be a list": {"tags": "mail"},
    "tag 7 must be 1 to 128": {"tags": [7]},
    "at most 32": {"tags": [str(i) for i in range(33)]},
}


@pytest.mark.parametrize("message", REFUSED)
def test_options_that_make_no_sense(message: str) -> None:
    @App("memory://").task
    def tick() -> None: ...

    with pytest.raises(InvalidRequest, match=message):
        tick.using(**REFUSED[message])


@pytest.mark.parametrize("enqueue", [lambda t: t.enqueue("1", 2), lambda t: asyncio.run(t.aenqueue("1", 2))])
def test_the_door_is_the_same_for_all(add: Task[[int, int], int], enqueue: Callable[[Any], object]) -> None:
    with pytest.raises(InvalidParameters, match=r"\$\.a: expected `int`"):
        enqueue(add)
