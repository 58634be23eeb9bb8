"""store/purge."""

from taskmill.core.state import State
from taskmill.core.task import Task
from taskmill.stores.contract import Store, TaskFilter
from taskmill.testing.conformance.case import NOW, StoreCase, a_task, bring, claimed, scenario, succeeded

DONE = [State.SUCCEEDED]
AFTER = NOW + 2
"""`bring` finishes tasks at NOW + 1."""


async def finished(store: Store, count: int) -> list[Task]:
    return [await bring(store, State.SUCCEEDED) for _ in range(count)]


class Purging(StoreCase):
    @scenario
    async def test_a_task_is_kept_to_its_last_microsecond(self, store: Store) -> None:
        await finished(store, 1)
        assert await store.purge(9, states=DONE, before=AFTER - 1) == 0
        assert await store.purge(9, states=DONE, before=AFTER) == 1
        assert await store.purge(9, states=DONE, before=AFTER) == 0

    @scenario
    async def test_only_these_states(self, store: Store) -> None:
        await finished(store, 1)
        failed = await bring(store, State.FAILED)
        assert await store.purge(9, states=[*DONE, State.CANCELLED], before=AFTER) == 1
        assert (await store.find(TaskFilter(), 9)).tasks == [failed]
        assert await store.purge(9, states=[], before=AFTER) == 0

    @scenario
    async def test_only_these_ids(self, store: Store) -> None:
        first, second, third = await finished(store, 3)
        ids = [first.spec.id, "a stranger", third.spec.id]
        assert await store.purge(9, states=DONE, before=AFTER, ids=ids) == 2
        assert (await store.find(TaskFilter(), 9)).tasks == [second]
        assert await store.purge(9, states=DONE, before=AFTER, ids=[]) == 0

    @scenario
    async def test_limits(self, store: Store) -> None:
        await finished(store, 5)
        assert [await store.purge(2, states=DONE, before=AFTER) for _ in range(4)] == [2, 2, 1, 0]
        assert await store.purge(0, states=DONE, before=AFTER) == 0

    @scenario
    async def test_history_goes_with_its_task(self, store: Store) -> None:
        (claim,) = await claimed(store, a_task())
        await store.save([succeeded(claim, kept=True)])
        assert len(await store.attempts(claim.spec.id)) == 1
        await store.purge(9, states=DONE, before=AFTER)
        assert await store.attempts(claim.spec.id) == []

    @scenario
    async def test_the_id_of_a_purged_task_is_free_again(self, store: Store) -> None:
        (task,) = await finished(store, 1)
        await store.purge(9, states=DONE, before=AFTER)
        assert await store.add([a_task(id=task.spec.id)]) == {}
