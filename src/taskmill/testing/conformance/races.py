"""store/races: each one was met by some system of this field, and is named after it."""

import asyncio

from taskmill.core import machine
from taskmill.core.state import State
from taskmill.stores.contract import Beat, ClaimQuery, Store
from taskmill.testing.conformance.case import LEASE, NOW, StoreCase, a_task, claimed, decided, read, scenario, succeeded

END = NOW + LEASE


class Races(StoreCase):
    @scenario
    async def test_zombie_finish(self, store: Store) -> None:
        """A worker wakes up after another has taken its task over (sidequest#208, celery's visibility timeout)."""
        (zombie,) = await claimed(store, a_task())
        (successor,) = await store.reclaim("w2", LEASE, 1, now=END + 1)
        assert await store.save([succeeded(zombie, kept=True)]) == [zombie.spec.id]
        assert await read(store, zombie.spec.id) == successor.head
        assert await store.attempts(zombie.spec.id) == []
        assert await store.save([succeeded(successor)]) == []

    @scenario
    async def test_same_attempt_number(self, store: Store) -> None:
        """An attempt is given back, so two runs carry the same number (oban#1496, river#1302)."""
        (first,) = await claimed(store, a_task())
        await store.save([decided(first, machine.release(first.head, NOW + 1))])
        (second,) = await store.claim("w2", LEASE, ClaimQuery(1), now=NOW + 2)
        assert first.head.attempt == second.head.attempt
        assert await store.save([succeeded(first)]) == [first.spec.id]
        assert await read(store, first.spec.id) == second.head

    @scenario
    async def test_same_worker_same_attempt_number(self, store: Store) -> None:
        """As above, and it is the same worker that gets it back: neither owner nor attempt is a fence."""
        (first,) = await claimed(store, a_task())
        await store.save([decided(first, machine.snooze(first.head, 0, NOW + 1))])
        (second,) = await store.claim("w1", LEASE, ClaimQuery(1), now=NOW + 2)
        late = Beat(first.spec.id, first.head.version, None)
        assert await store.extend("w1", [late], LEASE, now=NOW + 3) == [first.spec.id]
        assert await store.save([succeeded(first)]) == [first.spec.id]
        assert await read(store, first.spec.id) == second.head

    @scenario
    async def test_rescue_after_finish(self, store: Store) -> None:
        """A rescuer acts on a list it read before the task ended (river's rescuer, apscheduler's cleanup)."""
        (claim,) = await claimed(store, a_task())
        (rescued,) = await store.reclaim("rescuer", LEASE, 1, now=END + 1)
        assert await store.save([succeeded(rescued)]) == []
        lost = decided(rescued, machine.lose(rescued.head, "{}", END + 2))
        assert await store.save([lost]) == [claim.spec.id]
        assert await store.reclaim("rescuer", LEASE, 9, dead=["w1", "rescuer"], now=END + 9 * LEASE) == []

    @scenario
    async def test_cancel_against_finish(self, store: Store) -> None:
        """Both decide on the same head: one is refused and decides again (oban's cancel of what is executing)."""
        (claim,) = await claimed(store, a_task())
        cancel = decided(claim, machine.cancel(claim.head, NOW + 1))
        answers = [await store.save([succeeded(claim)]), await store.save([cancel])]
        assert answers == [[], [claim.spec.id]]
        assert (await read(store, claim.spec.id)).state is State.SUCCEEDED

    @scenario
    async def test_finish_against_cancel(self, store: Store) -> None:
        (claim,) = await claimed(store, a_task())
        cancel = decided(claim, machine.cancel(claim.head, NOW + 1))
        answers = [await store.save([cancel]), await store.save([succeeded(claim)])]
        assert answers == [[], [claim.spec.id]]
        head = await read(store, claim.spec.id)
        assert (head.state, head.cancel) == (State.RUNNING, True)

    @scenario
    async def test_cancel_against_claim(self, store: Store) -> None:
        """A queued task is cancelled on a snapshot that a worker has started meanwhile (celery's revoke)."""
        task = a_task()
        await claimed(store, task)
        assert await store.save([decided(task, machine.cancel(task.head, NOW))]) == [task.spec.id]
        assert (await read(store, task.spec.id)).state is State.RUNNING

    @scenario
    async def test_retry_against_retry(self, store: Store) -> None:
        """Two people press the button (rq's requeue): one run."""
        (claim,) = await claimed(store, a_task())
        await store.save([decided(claim, machine.fail(claim.spec, claim.head, "{}", NOW, 0, final=True))])
        failed = (await store.get([claim.spec.id]))[claim.spec.id]
        retried = decided(failed, machine.retry(failed.spec, failed.head, NOW + 1))
        answers = await asyncio.gather(*(store.save([retried]) for _ in range(10)))
        assert sorted(map(len, answers)) == [0, *[1] * 9]

    @scenario
    async def test_one_of_many_finishes_counts(self, store: Store) -> None:
        """Exactly one recorded outcome, whoever is first."""
        (claim,) = await claimed(store, a_task())
        answers = await asyncio.gather(*(store.save([succeeded(claim, kept=True)]) for _ in range(20)))
        assert sorted(map(len, answers)) == [0, *[1] * 19]
        assert len(await store.attempts(claim.spec.id)) == 1

    @scenario
    async def test_a_purged_task_stays_gone(self, store: Store) -> None:
        """A late decision on a deleted task brings nothing back (sidekiq's resurrected retries)."""
        (claim,) = await claimed(store, a_task())
        await store.save([succeeded(claim)])
        done = (await store.get([claim.spec.id]))[claim.spec.id]
        assert await store.purge(9, states=[State.SUCCEEDED], before=END, ids=[claim.spec.id]) == 1
        retried = decided(done, machine.retry(done.spec, done.head, NOW), kept=True)
        assert await store.save([retried]) == [claim.spec.id]
        assert (await store.get([claim.spec.id]), await store.attempts(claim.spec.id)) == ({}, [])
