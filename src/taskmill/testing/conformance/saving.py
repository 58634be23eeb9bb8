"""store/save."""

from taskmill.core import machine
from taskmill.core.state import State
from taskmill.core.task import Attempt, Decision
from taskmill.stores.contract import Store
from taskmill.testing.conformance.adding import FULL_HEAD
from taskmill.testing.conformance.case import (
    NOW,
    StoreCase,
    a_task,
    added,
    bring,
    claimed,
    decided,
    read,
    scenario,
    succeeded,
)


class Saving(StoreCase):
    @scenario
    async def test_every_field_of_a_head_and_of_an_attempt_survives(self, store: Store) -> None:
        (task,) = await added(store, a_task())
        head = FULL_HEAD._replace(state=State.SCHEDULED, version=2)
        attempt = Attempt(task.spec.id, 2, 1, "wörker", NOW, NOW + 1, "failed", '{"m": "ü"}', '[{"at": 1}]')
        bare = Attempt(task.spec.id, 3, 2, None, None, NOW + 2, "worker_lost", None, None)
        assert await store.save([Decision(task.spec.id, head, attempt)]) == []
        assert await read(store, task.spec.id) == head
        head = head._replace(version=3, cancel=False, hold=None)
        assert await store.save([Decision(task.spec.id, head, bare)]) == []
        assert await read(store, task.spec.id) == head
        assert await store.attempts(task.spec.id) == [attempt, bare]

    @scenario
    async def test_nothing_to_save(self, store: Store) -> None:
        assert await store.save([]) == []

    @scenario
    async def test_only_the_successor_is_saved(self, store: Store) -> None:
        (task,) = await added(store, a_task())
        for version in (0, 1, 3, 4):
            assert await store.save([Decision(task.spec.id, task.head._replace(version=version))]) == [task.spec.id]
        assert await read(store, task.spec.id) == task.head

    @scenario
    async def test_a_task_that_is_gone(self, store: Store) -> None:
        claims = await claimed(store, a_task(), a_task())
        stranger = Decision("a stranger", claims[0].head._replace(version=3))
        assert await store.save([succeeded(claims[0]), stranger, succeeded(claims[1])]) == ["a stranger"]
        assert (await read(store, claims[1].spec.id)).state is State.SUCCEEDED

    @scenario
    async def test_stale_ones_do_not_stop_the_rest_of_a_batch(self, store: Store) -> None:
        claims = await claimed(store, *(a_task() for _ in range(200)))
        rivals = claims[::7]
        assert await store.save([succeeded(claim) for claim in rivals]) == []
        again = [decided(claim, machine.release(claim.head, NOW), kept=True) for claim in claims]
        assert await store.save(again) == [claim.spec.id for claim in rivals]
        for i, claim in enumerate(claims):
            expected = State.SUCCEEDED if i % 7 == 0 else State.READY
            assert (await read(store, claim.spec.id)).state is expected
            assert len(await store.attempts(claim.spec.id)) == (i % 7 != 0)

    @scenario
    async def test_the_same_version_by_a_rival_is_not_taken_for_ones_own(self, store: Store) -> None:
        (claim,) = await claimed(store, a_task())
        done = succeeded(claim)
        assert await store.save([done]) == []
        assert await store.save([done]) == [claim.spec.id]

    @scenario
    async def test_a_key_taken_meanwhile_refuses_a_retry(self, store: Store) -> None:
        failed = await bring(store, State.FAILED, key="k")
        await added(store, a_task(key="k"))
        (other,) = await claimed(store, a_task())
        retried = decided(failed, machine.retry(failed.spec, failed.head, NOW))
        assert await store.save([retried, succeeded(other)]) == [failed.spec.id]
        assert await read(store, failed.spec.id) == failed.head
        assert (await read(store, other.spec.id)).state is State.SUCCEEDED

    @scenario
    async def test_a_key_changes_hands_in_one_batch(self, store: Store) -> None:
        failed = await bring(store, State.FAILED, key="k")
        (holder,) = await claimed(store, a_task(key="k"))
        retried = decided(failed, machine.retry(failed.spec, failed.head, NOW))
        assert await store.save([succeeded(holder), retried]) == []
        assert await store.add([a_task(key="k")]) == {0: failed.spec.id}

    @scenario
    async def test_a_retry_keeps_its_key(self, store: Store) -> None:
        (claim,) = await claimed(store, a_task(key="k"))
        later = machine.fail(claim.spec, claim.head, "{}", NOW, 5)
        assert await store.save([decided(claim, later)]) == []
        assert await store.add([a_task(key="k")]) == {0: claim.spec.id}
