"""store/leases: extend and reclaim."""

from taskmill.core import machine
from taskmill.core.state import State
from taskmill.core.task import Claim
from taskmill.stores.contract import Beat, Store, WorkerRow
from taskmill.testing.conformance.case import (
    LEASE,
    NOW,
    StoreCase,
    a_task,
    added,
    claimed,
    decided,
    read,
    scenario,
    succeeded,
)

END = NOW + LEASE


def beat(claim: Claim, progress: str | None = None) -> Beat:
    return Beat(claim.spec.id, claim.head.version, progress)


class Leases(StoreCase):
    @scenario
    async def test_a_lease_holds_to_its_last_microsecond(self, store: Store) -> None:
        (claim,) = await claimed(store, a_task())
        assert await store.reclaim("w2", LEASE, 9, now=END) == []
        (taken,) = await store.reclaim("w2", LEASE, 9, now=END + 1)
        assert taken == Claim(claim.spec, machine.take_over(claim.head, "w2", END + 1 + LEASE))
        assert await read(store, claim.spec.id) == taken.head

    @scenario
    async def test_the_first_to_end_is_reclaimed_first(self, store: Store) -> None:
        (late,) = await claimed(store, a_task(), now=NOW + 5)
        (early,) = await claimed(store, a_task(), now=NOW)
        assert [c.spec.id for c in await store.reclaim("w2", LEASE, 1, now=END + 9)] == [early.spec.id]
        assert [c.spec.id for c in await store.reclaim("w2", LEASE, 1, now=END + 9)] == [late.spec.id]
        assert await store.reclaim("w2", LEASE, 0, now=END + 9**9) == []

    @scenario
    async def test_a_dead_owners_claims_are_taken_at_once(self, store: Store) -> None:
        (mine,) = await claimed(store, a_task(), owner="w1")
        (dead,) = await claimed(store, a_task(), owner="w2")
        (taken,) = await store.reclaim("w1", LEASE, 9, dead=["w2", "w3"], now=NOW)
        assert taken.spec.id == dead.spec.id
        assert await read(store, mine.spec.id) == mine.head

    @scenario
    async def test_sustain_renews_what_one_owner_runs(self, store: Store) -> None:
        (mine,) = await claimed(store, a_task(), owner="w1")
        (other,) = await claimed(store, a_task(), owner="w2")
        (ready,) = await added(store, a_task())
        await store.sustain("w1", LEASE, now=NOW + 7)
        assert await read(store, mine.spec.id) == mine.head._replace(lease_until=END + 7)
        assert await read(store, other.spec.id) == other.head
        assert (await read(store, ready.spec.id)).lease_until is None
        assert await store.save([succeeded(mine)]) == []

    @scenario
    async def test_sustain_says_that_the_worker_was_seen(self, store: Store) -> None:
        row = WorkerRow("w1", "host", 1, NOW, 0, "null", 16, 0, "1.0")
        await store.put_worker(row)
        await store.sustain("w1", LEASE, now=NOW + 7)
        assert [worker.seen_at for worker in await store.workers()] == [NOW + 7]

    @scenario
    async def test_a_task_that_is_not_running_is_not_reclaimed(self, store: Store) -> None:
        (claim,) = await claimed(store, a_task())
        await store.save([succeeded(claim)])
        await added(store, a_task(), a_task(run_at=END))
        assert await store.reclaim("w2", LEASE, 9, dead=["w1"], now=END + 9**9) == []

    @scenario
    async def test_extend_renews_and_keeps_the_version(self, store: Store) -> None:
        claims = await claimed(store, *(a_task() for _ in range(3)))
        beats = [beat(claims[0], '{"fraction": 0.5}'), beat(claims[1])]
        assert await store.extend("w1", beats, LEASE, now=NOW + 7) == []
        renewed = claims[0].head._replace(lease_until=END + 7, progress='{"fraction": 0.5}')
        assert await read(store, claims[0].spec.id) == renewed
        assert await read(store, claims[1].spec.id) == claims[1].head._replace(lease_until=END + 7)
        assert await read(store, claims[2].spec.id) == claims[2].head
        assert await store.extend("w1", [beat(claims[0])], LEASE, now=NOW + 8) == []
        assert (await read(store, claims[0].spec.id)).progress == '{"fraction": 0.5}'

    @scenario
    async def test_no_beats(self, store: Store) -> None:
        assert await store.extend("w1", [], LEASE, now=NOW) == []

    @scenario
    async def test_extend_tells_which_claims_are_no_longer_ours(self, store: Store) -> None:
        claims = await claimed(store, *(a_task() for _ in range(130)))
        await store.save([succeeded(claims[0])])
        await store.save([decided(claims[9], machine.cancel(claims[9].head, NOW))])
        beats = [*map(beat, claims), Beat("a stranger", 1, None)]
        gone = [claims[0].spec.id, claims[9].spec.id, "a stranger"]
        assert await store.extend("w1", beats, LEASE, now=NOW + 1) == gone
        assert (await read(store, claims[1].spec.id)).lease_until == END + 1

    @scenario
    async def test_nobody_extends_anothers_claim(self, store: Store) -> None:
        (claim,) = await claimed(store, a_task())
        assert await store.extend("w2", [beat(claim)], LEASE, now=NOW + 1) == [claim.spec.id]
        assert await read(store, claim.spec.id) == claim.head

    @scenario
    async def test_a_heartbeat_for_a_task_that_is_not_running(self, store: Store) -> None:
        (task,) = await added(store, a_task())
        assert await store.extend("w1", [Beat(task.spec.id, 1, "{}")], LEASE, now=NOW) == [task.spec.id]
        assert await read(store, task.spec.id) == task.head

    @scenario
    async def test_extend_after_reclaim_is_refused(self, store: Store) -> None:
        (claim,) = await claimed(store, a_task())
        (taken,) = await store.reclaim("w2", LEASE, 9, now=END + 1)
        assert await store.extend("w1", [beat(claim)], LEASE, now=END + 2) == [claim.spec.id]
        assert await store.extend("w2", [beat(taken)], LEASE, now=END + 2) == []

    @scenario
    async def test_an_extended_lease_is_not_reclaimed(self, store: Store) -> None:
        (claim,) = await claimed(store, a_task())
        await store.extend("w1", [beat(claim)], LEASE, now=END)
        assert await store.reclaim("w2", LEASE, 9, now=END + 1) == []
        assert (await read(store, claim.spec.id)).state is State.RUNNING

    @scenario
    async def test_of_two_reclaimers_one_wins(self, store: Store) -> None:
        await claimed(store, a_task())
        assert len(await store.reclaim("w2", LEASE, 9, now=END + 1)) == 1
        assert await store.reclaim("w3", LEASE, 9, now=END + 1) == []
