"""From store to store: everything, once, whatever happens in between."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from taskmill.core import machine
from taskmill.core.errors import Conflict, StoreUnavailable
from taskmill.core.state import State
from taskmill.core.task import Task
from taskmill.engine.client.copy import Copied, copy
from taskmill.stores.contract import ClaimQuery, Store, TaskFilter, WorkerRow
from taskmill.stores.memory import MemoryStore
from taskmill.stores.open import open_store
from taskmill.testing.conformance.case import NOW, a_task, bring, claimed, read, succeeded
from taskmill.testing.faulty import Faulty

WORKER = WorkerRow("w1", "here", 1, 0, 0, "null", 16, 0, "1")


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/old.db", caller="loop")
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def target() -> Store:
    return MemoryStore()


async def copied(source: Store, target: Store, *, finished: bool = False) -> Copied:
    told: list[int] = []
    done = await copy(source, target, finished=finished, tell=lambda so_far: told.append(so_far.seen), page_size=3)
    assert told == sorted(told)
    assert told[-1] == done.seen
    return done


async def everything(store: Store) -> list[object]:
    tasks = (await store.find(TaskFilter(), 1000)).tasks
    queues = [(row.name, row.paused) for row in await store.queues()]
    types = [row._replace(seen_at=0) for row in await store.task_types()]
    return [tasks, [await store.attempts(task.spec.id) for task in tasks], queues, types]


async def filled(store: Store) -> list[Task]:
    tasks = [await bring(store, state, queue=f"of {state}", key=f"key of {state}") for state in State]
    claims = await claimed(store, *(a_task() for _ in range(5)))
    assert await store.save([succeeded(claim, kept=True) for claim in claims]) == []
    await store.pause("of ready", True)
    return tasks


async def test_everything_comes_and_a_second_time_nothing(source: Store, target: Store) -> None:
    tasks = await filled(source)
    done = await copied(source, target)
    assert (done.seen, done.new, done.there) == (len(tasks) + 5, len(tasks) + 5, 0)
    assert await everything(target) == await everything(source)
    again = await copied(source, target)
    assert (again.seen, again.new, again.updated, again.there) == (done.seen, 0, 0, done.seen)
    assert await everything(target) == await everything(source)


async def test_numbers_come_and_a_name_that_was_changed(source: Store, target: Store) -> None:
    first, second = [await bring(source, State.READY) for _ in range(2)]
    assert [await source.number(task.spec.id) for task in (second, first)] == [1, 2]
    await copied(source, target)
    assert await source.set_parameters(first.spec.id, first.head.version, '{"message":"new"}')
    await copied(source, target)
    assert await everything(target) == await everything(source)
    assert [await target.numbered(number) for number in (1, 2)] == [second.spec.id, first.spec.id]


async def test_an_empty_store(source: Store, target: Store) -> None:
    assert await copied(source, target) == Copied()


async def test_what_changes_at_the_source_is_brought_up_to_date_and_what_ran_on_stands(
    source: Store, target: Store
) -> None:
    changed, ran = [await bring(source, State.READY) for _ in range(2)]
    await copied(source, target)
    ended = machine.cancel(changed.head, NOW)
    await source.restore([Task(changed.spec, ended)], [])
    [claim] = await target.claim("w2", 1_000, ClaimQuery(1, ids=[ran.spec.id]), now=NOW)
    assert await target.save([succeeded(claim)]) == []
    done = await copied(source, target)
    assert (done.new, done.updated, done.there) == (0, 1, 1)
    assert await read(target, changed.spec.id) == ended
    assert (await read(target, ran.spec.id)).state is State.SUCCEEDED


@pytest.mark.parametrize(("verb", "nth"), [("restore", 2), ("get", 3), ("put_task_types", 1), ("pause", 2)])
async def test_an_interrupted_copy_goes_on_where_it_was(source: Store, target: Store, verb: str, nth: int) -> None:
    await filled(source)
    faulty = Faulty(target)
    faulty.after = lambda name: StoreUnavailable("gone") if name == verb and faulty.calls.count(verb) == nth else None
    with pytest.raises(StoreUnavailable):
        await copied(source, faulty)
    await copied(source, target)
    assert await everything(target) == await everything(source)


async def test_workers_at_the_source_are_a_reason_to_wait(source: Store, target: Store) -> None:
    await filled(source)
    await source.put_worker(WORKER)
    with pytest.raises(Conflict, match="would run twice") as refused:
        await copied(source, target)
    assert "--finished" in (refused.value.hint or "")
    assert await target.count(TaskFilter(), 9) == 0
    done = await copied(source, target, finished=True)
    assert done.left == 4
    assert {task.head.state for task in (await target.find(TaskFilter(), 99)).tasks} == {
        State.SUCCEEDED,
        State.FAILED,
        State.CANCELLED,
    }
    await source.drop_worker(WORKER.id)
    assert (await copied(source, target)).new == 4
    assert sorted((await everything(target))[0]) == sorted((await everything(source))[0])  # type: ignore[call-overload]


async def test_a_worker_that_starts_meanwhile_is_told(source: Store, target: Store) -> None:
    await filled(source)
    faulty = Faulty(source)
    workers = source.workers

    async def later() -> list[WorkerRow]:
        if "stats" not in faulty.calls and "export" in faulty.calls:
            await source.put_worker(WORKER)
        return await workers()

    faulty.workers = later  # type: ignore[attr-defined]
    with pytest.raises(Conflict, match="1 workers serve"):
        await copied(faulty, target)


async def test_tasks_that_come_meanwhile_are_told(source: Store, target: Store) -> None:
    await bring(source, State.READY)

    async def late(store: Store) -> None:
        await store.add([a_task()])

    faulty = Faulty(source)
    export = source.export

    async def exported(limit: int, cursor: str | None = None) -> object:
        page = await export(limit, cursor)
        await late(source)
        return page

    faulty.export = exported  # type: ignore[attr-defined]
    with pytest.raises(Conflict, match="has 2 tasks now, and 1 were looked at"):
        await copied(faulty, target)


async def test_a_task_whose_key_is_held_there_stays_out(source: Store, target: Store) -> None:
    task = await bring(source, State.READY, key="k")
    await bring(target, State.READY, key="k")
    done = await copied(source, target)
    assert (done.refused, done.new, done.seen) == ([task.spec.id], 0, 1)


async def test_a_lease_comes_along_and_runs_out_there(source: Store, target: Store) -> None:
    running = await bring(source, State.RUNNING)
    await copied(source, target)
    [taken] = await target.reclaim("w2", 1_000, 9, now=(running.head.lease_until or 0) + 1)
    assert taken.head == machine.take_over(running.head, "w2", (running.head.lease_until or 0) + 1 + 1_000)


async def test_the_queue_is_paused_before_its_tasks_come(source: Store, target: Store) -> None:
    await filled(source)
    faulty = Faulty(target)
    await copied(source, faulty)
    assert faulty.calls.index("restore") > max(i for i, verb in enumerate(faulty.calls) if verb == "pause")
    await target.pause("of ready", False)
    await copied(source, target)
    assert next(row for row in await target.queues() if row.name == "of ready").paused


async def test_who_waits_there_hears_of_them(source: Store, target: Store) -> None:
    await bring(source, State.READY, queue="mail")
    ear = target.bell.listen("ready")
    await copied(source, target)
    assert await ear.wait(5) == [("ready", "mail")]
    ear.close()
