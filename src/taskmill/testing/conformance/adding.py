"""store/add."""

import asyncio

from taskmill.core.state import State
from taskmill.core.task import Head, Spec, Task
from taskmill.stores.contract import Store, TaskFilter
from taskmill.testing.conformance.case import NOW, StoreCase, a_task, added, claimed, read, scenario, succeeded

FULL_SPEC = Spec(
    id="0190f3a0-0000-7000-8000-00000000abcd",
    task_type="sum",
    queue="línea ☃",
    parameters='{"text": "ä\\u0000 \\ud83d\\ude00 \\"quoted\\" \'single\'", "deep": [[{}]]}',
    priority=1,
    attempt_limit=2**31,
    retry='{"growth": "fixed"}',
    timeout=1,
    key="key 'with' \"quotes\" \n and 雪 😀",
    tags='["a", "ü"]',
    created_at=NOW,
    meta='{"customer": 42, "ort": "Köln ☃", "origin": {"who": "user:ada", "face": "rest"}}',
)
FULL_HEAD = Head(
    state=State.READY,
    version=1,
    attempt=7,
    run_at=NOW + 3,
    lease_owner="w",
    lease_until=NOW + 5,
    cancel=True,
    progress='{"fraction": 0.1}',
    error="{}",
    result='"é\\n"',
    started_at=NOW + 7,
    finished_at=None,
    hold="h",
    losses=2,
    crashes=1,
    expires_at=NOW + 9,
)


class Adding(StoreCase):
    @scenario
    async def test_a_batch_is_read_back_as_it_was(self, store: Store) -> None:
        tasks = [a_task(key=f"key {i}", priority=i % 3 + 1, run_at=NOW + i % 2) for i in range(300)]
        assert await store.add(tasks) == {}
        assert await store.get([task.spec.id for task in tasks]) == {task.spec.id: task for task in tasks}

    @scenario
    async def test_every_field_survives(self, store: Store) -> None:
        assert None not in FULL_SPEC, "a new field must be among them"
        task = Task(FULL_SPEC, FULL_HEAD)
        await added(store, task)
        found = (await store.get([task.spec.id]))[task.spec.id]
        assert found == task
        assert [type(value) for value in found.head] == [type(value) for value in FULL_HEAD]
        assert (await store.find(TaskFilter(), 1)).tasks == [task]

    @scenario
    async def test_a_megabyte_survives_on_every_path(self, store: Store) -> None:
        parameters = '{"text": "' + "ä☃😀\\n" * 100_000 + '"}'
        claim = (await claimed(store, a_task(parameters=parameters)))[0]
        assert claim.spec.parameters == parameters
        done = succeeded(claim)
        assert await store.save([done._replace(head=done.head._replace(result=parameters))]) == []
        assert (await read(store, claim.spec.id)).result == parameters

    @scenario
    async def test_nothing_to_add(self, store: Store) -> None:
        assert await store.add([]) == {}

    @scenario
    async def test_a_known_id_adds_nothing(self, store: Store) -> None:
        (task,) = await added(store, a_task())
        again = a_task(id=task.spec.id, task_type="other")
        assert await store.add([again]) == {0: task.spec.id}
        assert await store.get([task.spec.id]) == {task.spec.id: task}

    @scenario
    async def test_a_held_key_adds_nothing(self, store: Store) -> None:
        (holder,) = await added(store, a_task(key="k"))
        other = a_task(key="k")
        assert await store.add([other]) == {0: holder.spec.id}
        assert await store.get([other.spec.id]) == {}

    @scenario
    async def test_known_ones_do_not_stop_the_rest_of_a_batch(self, store: Store) -> None:
        known, holder = await added(store, a_task(), a_task(key="k"))
        batch = [a_task() for _ in range(150)]
        batch[3], batch[149] = known, a_task(key="k")
        assert await store.add(batch) == {3: known.spec.id, 149: holder.spec.id}
        assert await store.count(TaskFilter(), 1000) == 150

    @scenario
    async def test_the_first_of_two_that_clash_in_one_batch_is_inserted(self, store: Store) -> None:
        first, twin = a_task(), a_task(key="k")
        batch = [first, first, twin, a_task(key="k")]
        assert await store.add(batch) == {1: first.spec.id, 3: twin.spec.id}

    @scenario
    async def test_one_id_twice_first_refused_for_its_key(self, store: Store) -> None:
        (holder,) = await added(store, a_task(key="k"))
        refused, keyless = a_task(key="k"), a_task()
        twin = a_task(id=refused.spec.id)
        late = a_task(id=keyless.spec.id, key="free")
        expected = {0: holder.spec.id, 3: keyless.spec.id}
        assert await store.add([refused, keyless, twin, late]) == expected
        assert await store.get([refused.spec.id]) == {refused.spec.id: twin}

    @scenario
    async def test_a_key_is_free_again_when_its_task_is_final(self, store: Store) -> None:
        (claim,) = await claimed(store, a_task(key="k"))
        assert await store.add([a_task(key="k")]) == {0: claim.spec.id}
        await store.save([succeeded(claim)])
        assert await store.add([a_task(key="k")]) == {}

    @scenario
    async def test_many_adds_at_once_each_get_their_own_answer(self, store: Store) -> None:
        (known,) = await added(store, a_task())
        batches = [[a_task(), known, a_task()] for _ in range(50)]
        assert await asyncio.gather(*map(store.add, batches)) == [{1: known.spec.id}] * 50
        assert await store.count(TaskFilter(), 1000) == 101

    @scenario
    async def test_many_adds_of_one_key_at_once_make_one_task(self, store: Store) -> None:
        answers = await asyncio.gather(*(store.add([a_task(key="k")]) for _ in range(50)))
        (only,) = (await store.find(TaskFilter(), 10)).tasks
        assert sorted(map(len, answers)) == [0, *[1] * 49]
        assert {id for answer in answers for id in answer.values()} == {only.spec.id}
