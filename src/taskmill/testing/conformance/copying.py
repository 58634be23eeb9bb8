"""store/export and store/restore: tasks as they are, from one store to another."""

import pytest

from taskmill.core import machine
from taskmill.core.errors import InvalidRequest
from taskmill.core.state import State
from taskmill.core.task import Attempt, Task
from taskmill.stores.contract import ClaimQuery, Export, Store, TaskFilter
from taskmill.testing.conformance.adding import FULL_HEAD, FULL_SPEC
from taskmill.testing.conformance.case import NOW, StoreCase, a_task, added, bring, claimed, read, scenario, succeeded

KEY = "k"


def an_attempt(of: Task, version: int) -> Attempt:
    return Attempt(of.spec.id, version, 1, "w1", NOW, NOW + version, "failed", '{"é": 1}', "[]")


async def exported(store: Store, limit: int) -> list[Export]:
    found = [await store.export(limit)]
    while found[-1].cursor is not None:
        found.append(await store.export(limit, found[-1].cursor))
    return found


class Copying(StoreCase):
    @scenario
    async def test_oldest_first_page_by_page_with_their_attempts(self, store: Store) -> None:
        claims = await claimed(store, *(a_task() for _ in range(7)))
        await store.save([succeeded(claim, kept=True) for claim in claims])
        pages = await exported(store, 3)
        assert [len(page.tasks) for page in pages] == [3, 3, 1]
        assert [task.spec for page in pages for task in page.tasks] == [claim.spec for claim in claims]
        for page in pages:
            assert sorted(attempt.task_id for attempt in page.attempts) == sorted(task.spec.id for task in page.tasks)

    @scenario
    async def test_nothing_to_export_and_strange_cursors(self, store: Store) -> None:
        assert await store.export(5) == Export([], [], None)
        await added(store, *(a_task() for _ in range(5)))
        assert (await store.export(5)).cursor is None
        with pytest.raises(InvalidRequest, match="cursor"):
            await store.export(3, "1 OR 1=1")

    @scenario
    async def test_every_field_of_every_state_is_exported_and_restored(self, store: Store) -> None:
        tasks = [await bring(store, state) for state in State]
        assert (await store.export(99)).tasks == tasks
        fresh = [Task(spec._replace(id=spec.id.replace("-", ":")), head) for spec, head in tasks]
        fresh.append(Task(FULL_SPEC, FULL_HEAD))
        assert await store.restore(fresh, []) == []
        assert (await store.export(99)).tasks == tasks + fresh
        assert {queue.name for queue in await store.queues()} == {"default", FULL_SPEC.queue}

    @scenario
    async def test_restored_tasks_are_as_old_as_their_places(self, store: Store) -> None:
        tasks = [a_task(key=f"key {i}" if i % 3 else None) for i in range(300)]
        assert await store.restore(tasks, []) == []
        assert (await store.find(TaskFilter(), 999)).tasks == tasks[::-1]

    @scenario
    async def test_a_lower_version_gives_way_and_no_other(self, store: Store) -> None:
        older, same, newer = await added(store, a_task(), a_task(), a_task())
        [claim] = await store.claim("w1", 1_000, ClaimQuery(1, ids=[newer.spec.id]), now=NOW)
        ended = machine.cancel(older.head, NOW)
        given = [Task(older.spec, ended), Task(same.spec, same.head._replace(attempt=9)), newer]
        assert await store.restore(given, []) == []
        assert [(await read(store, task.spec.id)) for task in given] == [ended, same.head, claim.head]

    @scenario
    async def test_versions_may_be_left_out(self, store: Store) -> None:
        (task,) = await added(store, a_task(task_type="other"))
        far = task.head._replace(version=9, state=State.SUCCEEDED, finished_at=NOW, result="1")
        assert await store.restore([Task(task.spec._replace(task_type="new"), far)], []) == []
        assert (await store.get([task.spec.id]))[task.spec.id] == Task(task.spec, far)

    @scenario
    async def test_attempts_are_kept_once(self, store: Store) -> None:
        task = a_task()
        attempts = [an_attempt(task, 3), an_attempt(task, 5)]
        for given in (attempts[:1], attempts, attempts):
            assert await store.restore([task], given) == []
        assert await store.attempts(task.spec.id) == attempts
        assert (await store.export(9)).attempts == attempts

    @scenario
    async def test_a_held_key_keeps_a_task_out_with_its_attempts(self, store: Store) -> None:
        await added(store, a_task(key=KEY))
        rival, other = a_task(key=KEY), a_task()
        assert await store.restore([rival, other], [an_attempt(rival, 3), an_attempt(other, 3)]) == [rival.spec.id]
        assert set(await store.get([rival.spec.id, other.spec.id])) == {other.spec.id}
        assert await store.attempts(rival.spec.id) == []
        assert len(await store.attempts(other.spec.id)) == 1

    @scenario
    async def test_a_head_that_wants_a_held_key_stays_out(self, store: Store) -> None:
        done = await bring(store, State.FAILED, key=KEY)
        await added(store, a_task(key=KEY))
        again = Task(done.spec, machine.retry(done.spec, done.head, NOW))
        assert await store.restore([again], []) == [done.spec.id]
        assert await read(store, done.spec.id) == done.head

    @scenario
    async def test_a_key_that_one_gives_up_is_free_for_another(self, store: Store) -> None:
        (holder,) = await added(store, a_task(key=KEY))
        successor, ended = a_task(key=KEY), Task(holder.spec, machine.cancel(holder.head, NOW))
        assert await store.restore([successor, ended], []) == []
        assert await store.get([successor.spec.id, holder.spec.id]) == {
            successor.spec.id: successor,
            holder.spec.id: ended,
        }

    @scenario
    async def test_what_is_restored_is_claimed_and_saved(self, store: Store) -> None:
        task = a_task(key=KEY)
        await store.restore([task], [])
        assert await store.add([a_task(key=KEY)]) == {0: task.spec.id}
        [claim] = await store.claim("w1", 1_000, ClaimQuery(1), now=NOW)
        assert await store.save([succeeded(claim)]) == []
        assert await store.restore([], []) == []
