"""store/claim, store/promote."""

import asyncio

from taskmill.core import machine
from taskmill.core.state import State
from taskmill.core.task import Claim, Task
from taskmill.stores.contract import Beat, ClaimQuery, Promoted, Promotion, Store
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


def ids(claims: list[Claim]) -> list[str]:
    return [claim.spec.id for claim in claims]


class Claiming(StoreCase):
    @scenario
    async def test_a_claim_is_the_machines_start(self, store: Store) -> None:
        (task,) = await added(store, a_task(key="k"))
        (claim,) = await store.claim("w1", LEASE, ClaimQuery(1), now=NOW)
        assert claim == Claim(task.spec, machine.start(task.head, "w1", NOW + LEASE, NOW))
        assert await read(store, task.spec.id) == claim.head

    @scenario
    async def test_order_with_more_supply_than_limit(self, store: Store) -> None:
        low, late, old, young, high = await added(
            store,
            a_task(priority=3, queue="b"),
            a_task(run_at=NOW - 1),
            a_task(run_at=NOW - 5, queue="b"),
            a_task(run_at=NOW - 5),
            a_task(priority=1),
        )
        expected = [high, old, young, late, low]
        first = await store.claim("w1", LEASE, ClaimQuery(3), now=NOW)
        rest = await store.claim("w1", LEASE, ClaimQuery(3), now=NOW)
        assert ids(first) + ids(rest) == [task.spec.id for task in expected]

    @scenario
    async def test_equals_run_in_the_order_they_came(self, store: Store) -> None:
        tasks = await added(store, *(a_task(queue=f"q{i % 3}") for i in range(90)))
        found = [id for _ in range(9) for id in ids(await store.claim("w1", LEASE, ClaimQuery(10), now=NOW))]
        assert found == [task.spec.id for task in tasks]

    @scenario
    async def test_only_the_queues_asked_for(self, store: Store) -> None:
        a, _, c = await added(store, a_task(queue="a"), a_task(queue="b"), a_task(queue="c"))
        claims = await store.claim("w1", LEASE, ClaimQuery(9, queues=["a", "c", "never heard of"]), now=NOW)
        assert ids(claims) == [a.spec.id, c.spec.id]
        assert await store.claim("w1", LEASE, ClaimQuery(9, queues=[]), now=NOW) == []

    @scenario
    async def test_only_the_ids_asked_for(self, store: Store) -> None:
        a, _, c = await added(store, a_task(), a_task(), a_task(priority=1))
        wanted = [a.spec.id, a.spec.id, "a stranger", c.spec.id]
        assert ids(await store.claim("w1", LEASE, ClaimQuery(9, ids=wanted), now=NOW)) == [c.spec.id, a.spec.id]
        assert await store.claim("w1", LEASE, ClaimQuery(9, ids=wanted), now=NOW) == []
        assert await store.claim("w1", LEASE, ClaimQuery(9, ids=[]), now=NOW) == []

    @scenario
    async def test_limits(self, store: Store) -> None:
        tasks = await added(store, *(a_task() for _ in range(3)))
        every = [task.spec.id for task in tasks]
        assert await store.claim("w1", LEASE, ClaimQuery(0), now=NOW) == []
        assert ids(await store.claim("w1", LEASE, ClaimQuery(2, ids=every), now=NOW)) == every[:2]

    @scenario
    async def test_a_paused_queue_gives_nothing(self, store: Store) -> None:
        paused, other, third = await added(store, a_task(queue="a"), a_task(queue="b"), a_task(queue="b"))
        await store.pause("a", True)
        both = [paused.spec.id, other.spec.id]
        assert ids(await store.claim("w1", LEASE, ClaimQuery(9, queues=["a"]), now=NOW)) == []
        assert ids(await store.claim("w1", LEASE, ClaimQuery(9, ids=both), now=NOW)) == [other.spec.id]
        assert ids(await store.claim("w1", LEASE, ClaimQuery(9), now=NOW)) == [third.spec.id]
        await store.pause("a", False)
        assert ids(await store.claim("w1", LEASE, ClaimQuery(9), now=NOW)) == [paused.spec.id]

    @scenario
    async def test_a_new_attempt_begins_without_progress(self, store: Store) -> None:
        (claim,) = await claimed(store, a_task())
        await store.extend("w1", [Beat(claim.spec.id, claim.head.version, "{}")], LEASE, now=NOW)
        before = await read(store, claim.spec.id)
        again = before._replace(state=State.READY, version=before.version + 1, lease_owner=None, lease_until=None)
        assert await store.save([decided(claim, again)]) == []
        (second,) = await store.claim("w1", LEASE, ClaimQuery(1), now=NOW)
        assert second.head == machine.start(again, "w1", NOW + LEASE, NOW)
        assert await read(store, claim.spec.id) == second.head

    @scenario
    async def test_a_queue_paused_before_its_first_task(self, store: Store) -> None:
        await store.pause("a", True)
        await added(store, a_task(queue="a"))
        assert await store.claim("w1", LEASE, ClaimQuery(9), now=NOW) == []

    @scenario
    async def test_ready_for_leaves_fresh_ones_to_others(self, store: Store) -> None:
        old, _ = await added(store, a_task(run_at=NOW - 100), a_task(run_at=NOW - 99, priority=1))
        assert ids(await store.claim("w1", LEASE, ClaimQuery(9, ready_for=100), now=NOW)) == [old.spec.id]

    @scenario
    async def test_only_the_task_types_asked_for(self, store: Store) -> None:
        await added(store, *(a_task(task_type="report", priority=i % 3 + 1, run_at=NOW - 9) for i in range(300)))
        low, mail, high = await added(
            store, a_task(priority=3), a_task(task_type="mail"), a_task(task_type="mail", priority=1)
        )
        mine = ClaimQuery(9, task_types=["sum", "mail", "never heard of"])
        assert ids(await store.claim("w1", LEASE, mine._replace(limit=2), now=NOW)) == [high.spec.id, mail.spec.id]
        assert ids(await store.claim("w1", LEASE, mine, now=NOW)) == [low.spec.id]
        assert await store.claim("w1", LEASE, mine, now=NOW) == []
        assert await store.claim("w1", LEASE, ClaimQuery(9, task_types=[]), now=NOW) == []
        (task,) = await added(store, a_task())
        by_id = ClaimQuery(9, ids=[task.spec.id], task_types=["report"])
        assert await store.claim("w1", LEASE, by_id, now=NOW) == []
        _, claims = await store.turn("w1", [], LEASE, by_id._replace(task_types=["sum"]), now=NOW)
        assert ids(claims) == [task.spec.id]

    @scenario
    async def test_task_types_of_one_queue_keep_their_order(self, store: Store) -> None:
        kinds = ["a", "b", "c", "d"]
        tasks = await added(store, *(a_task(task_type=kinds[i % 4], run_at=NOW - i // 9) for i in range(60)))
        by_time = sorted((t for t in tasks if t.spec.task_type != "c"), key=lambda task: task.head.run_at)
        query = ClaimQuery(7, task_types=["a", "b", "d"])
        found = [id for _ in range(9) for id in ids(await store.claim("w1", LEASE, query, now=NOW))]
        assert found == [task.spec.id for task in by_time]

    @scenario
    async def test_one_queue_and_priority(self, store: Store) -> None:
        first, second, third = await added(store, a_task(), a_task(), a_task())
        await added(store, a_task(queue="b"), a_task(priority=1), a_task(priority=3), a_task(task_type="other"))
        lane = ClaimQuery(1, queues=["default"], priority=2, task_types=["sum"])
        assert ids(await store.claim("w1", LEASE, lane, now=NOW)) == [first.spec.id]
        assert ids(await store.claim("w1", LEASE, lane._replace(limit=2), now=NOW)) == [second.spec.id, third.spec.id]
        assert await store.claim("w1", LEASE, lane, now=NOW) == []
        await store.pause("default", True)
        await added(store, a_task())
        assert await store.claim("w1", LEASE, lane, now=NOW) == []

    @scenario
    async def test_a_long_queue_does_not_hold_up_others(self, store: Store) -> None:
        """Each claim begins with the queue after the one that was served last."""
        await added(store, *(a_task(queue="a", priority=i % 3 + 1, run_at=NOW - 5) for i in range(60)))
        await added(store, a_task(queue="b", priority=3), a_task(queue="b", priority=1), a_task(queue="c"))
        served, after = [], None
        for _ in range(6):
            _, (claim,) = await store.turn("w1", [], LEASE, ClaimQuery(1, after=after), now=NOW)
            after = claim.spec.queue
            served.append((after, claim.spec.priority))
        assert served == [("a", 1), ("b", 1), ("c", 2), ("a", 1), ("b", 3), ("a", 1)]
        await added(store, *(a_task(queue=queue) for queue in "cba"))
        claims = await store.claim("w1", LEASE, ClaimQuery(60, after="a"), now=NOW)
        assert [claim.spec.queue for claim in claims[:3]] == ["b", "c", "a"]
        assert len(claims) == 60

    @scenario
    async def test_what_has_expired_is_never_claimed(self, store: Store) -> None:
        gone, late, other = (expiring(a_task(), at) for at in (NOW, NOW + 5, None))
        await added(store, gone, late, other)
        lane = ClaimQuery(1, queues=["default"], priority=2)
        assert ids(await store.claim("w1", LEASE, ClaimQuery(9, ids=[gone.spec.id]), now=NOW)) == []
        (claim,) = await store.claim("w1", LEASE, lane, now=NOW)
        assert claim == Claim(late.spec, machine.start(late.head, "w1", NOW + LEASE, NOW))
        assert (await read(store, late.spec.id)).expires_at is None
        _, claims = await store.turn("w1", [succeeded(claim)], LEASE, ClaimQuery(9), now=NOW)
        assert ids(claims) == [other.spec.id]
        assert await store.claim("w1", LEASE, ClaimQuery(9), now=NOW + 99) == []
        assert await read(store, gone.spec.id) == gone.head

    @scenario
    async def test_what_has_expired_is_found(self, store: Store) -> None:
        ready, later, waiting, scheduled = (
            expiring(task, at)
            for task, at in (
                (a_task(), NOW + 2),
                (a_task(), NOW + 9),
                (a_task(waiting=True), NOW + 3),
                (a_task(run_at=NOW + 8), NOW + 1),
            )
        )
        await added(store, ready, later, waiting, scheduled, a_task())
        assert await store.expired(9, now=NOW) == []
        assert await store.expired(9, now=NOW + 3) == [scheduled, ready, waiting]
        assert await store.expired(2, now=NOW + 3) == [scheduled, ready]
        assert await store.save([decided(ready, machine.expire(ready.head, "{}", NOW))]) == []
        assert await store.expired(9, now=NOW + 3) == [scheduled, waiting]

    @scenario
    async def test_fifty_claimers_start_no_task_twice(self, store: Store) -> None:
        tasks = await added(store, *(a_task() for _ in range(120)))
        claims = await asyncio.gather(*(store.claim(f"w{i}", LEASE, ClaimQuery(3), now=NOW) for i in range(50)))
        started = [id for some in claims for id in ids(some)]
        assert sorted(started) == sorted(task.spec.id for task in tasks)
        for i, some in enumerate(claims):
            assert {claim.head.lease_owner for claim in some} <= {f"w{i}"}

    @scenario
    async def test_the_stores_own_clock_gives_the_lease(self, store: Store) -> None:
        await added(store, a_task())
        before = await store.clock()
        (claim,) = await store.claim("w1", LEASE, ClaimQuery(1))
        assert claim.head.started_at is not None
        assert claim.head.lease_until == claim.head.started_at + LEASE
        assert before <= claim.head.started_at <= await store.clock()

    @scenario
    async def test_promotion_is_the_machines(self, store: Store) -> None:
        due, other, later = await added(
            store, a_task(run_at=NOW + 5, queue="a"), a_task(run_at=NOW + 6, queue="b"), a_task(run_at=NOW + 7)
        )
        assert await store.promote(9, now=NOW + 4) == Promoted([], NOW + 5)
        assert await store.promote(1, now=NOW + 6) == Promoted([_promotion(due)], NOW + 6)
        assert await store.promote(9, now=NOW + 6) == Promoted([_promotion(other)], NOW + 7)
        for task, head in ((due, machine.promote(due.head)), (other, machine.promote(other.head)), (later, later.head)):
            assert await read(store, task.spec.id) == head
        assert await store.promote(9, now=NOW + 7) == Promoted([_promotion(later)], None)

    @scenario
    async def test_two_promoters_are_as_good_as_one(self, store: Store) -> None:
        await added(store, *(a_task(run_at=NOW + 1) for _ in range(40)))
        promoted = await asyncio.gather(*(store.promote(10, now=NOW + 1) for _ in range(6)))
        assert len({task.id for one in promoted for task in one.tasks}) == sum(len(one.tasks) for one in promoted) == 40

    @scenario
    async def test_a_turn_saves_and_then_claims(self, store: Store) -> None:
        first, second = await added(store, a_task(priority=1), a_task())
        stale, (claim,) = await store.turn("w1", [], LEASE, ClaimQuery(1), now=NOW)
        assert (stale, claim.spec.id) == ([], first.spec.id)
        again = machine.release(claim.head, NOW)
        stale, claims = await store.turn(
            "w1", [decided(claim, again)], LEASE, ClaimQuery(9, queues=["default"]), now=NOW
        )
        assert (stale, ids(claims)) == ([], [first.spec.id, second.spec.id])
        late = [decided(claim, again), decided(claims[1], machine.succeed(claims[1].head, "1", NOW))]
        assert await store.turn("w1", late, LEASE, ClaimQuery(0), now=NOW) == ([first.spec.id], [])
        assert (await read(store, second.spec.id)).result == "1"

    @scenario
    async def test_a_turn_claims_by_tickets(self, store: Store) -> None:
        first, second, third = await added(store, a_task(), a_task(run_at=NOW - 9), a_task(queue="paused"))
        await store.pause("paused", True)
        (claim,) = await store.claim("w1", LEASE, ClaimQuery(1, ids=[first.spec.id]), now=NOW)
        wanted = [first.spec.id, second.spec.id, third.spec.id, "no such task"]
        stale, claims = await store.turn("w1", [succeeded(claim)], LEASE, ClaimQuery(9, ids=wanted), now=NOW)
        assert (stale, ids(claims)) == ([], [second.spec.id])

    @scenario
    async def test_a_turn_claims_what_has_been_ready_for_long(self, store: Store) -> None:
        await added(store, a_task())
        (old,) = await added(store, a_task(run_at=NOW - 9))
        _, claims = await store.turn("w1", [], LEASE, ClaimQuery(9, ready_for=9), now=NOW)
        assert ids(claims) == [old.spec.id]


def expiring(task: Task, at: int | None) -> Task:
    return Task(task.spec, task.head._replace(expires_at=at))


def _promotion(task: Task) -> Promotion:
    spec, head = task
    return Promotion(spec.id, spec.task_type, spec.queue, spec.priority, head.version + 1, head.attempt)
