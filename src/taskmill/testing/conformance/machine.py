"""store/machine: every pair of the table, stored and read back; and the store's own moves, where the table has them."""

import pytest

from taskmill.core import machine
from taskmill.core.state import FINAL, TRANSITIONS, Event, State
from taskmill.core.task import Claim, Head, Task
from taskmill.stores.contract import ClaimQuery, Store
from taskmill.testing.conformance.case import LEASE, NOW, StoreCase, bring, decided, read, scenario

LATER = NOW + 100 * LEASE
"""After every lease and every due time of these scenarios."""
ROWS = [(state, event, to) for (state, event), targets in TRANSITIONS.items() for to in targets]


def moved(task: Task, event: Event, to: State) -> Head:
    """The head after `event`, prepared so that it leads to `to`."""
    spec, head = task
    if to is State.CANCELLED and event not in (Event.CANCEL, Event.EXPIRE):
        head = head._replace(cancel=True)
    delay = 5 if to is State.SCHEDULED else 0
    match event:
        case Event.UNBLOCK:
            return machine.unblock(head._replace(run_at=NOW + delay), NOW)
        case Event.PROMOTE:
            return machine.promote(head)
        case Event.EXPIRE:
            return machine.expire(head, "{}", NOW)
        case Event.START:
            return machine.start(head, "w2", LATER, NOW)
        case Event.TAKE_OVER:
            return machine.take_over(head, "w2", LATER)
        case Event.SUCCEED:
            return machine.succeed(head, "3", LATER)
        case Event.FAIL:
            return machine.fail(spec, head, "{}", NOW, delay, final=to is State.FAILED)
        case Event.SNOOZE:
            return machine.snooze(head, delay, NOW)
        case Event.RELEASE:
            return machine.release(head, NOW)
        case Event.LOSE:
            return machine.lose(head, "{}", NOW, limit=1 if to is State.FAILED else 9)
        case Event.CANCEL:
            return machine.cancel(head, NOW, stopped=to is State.CANCELLED)
        case Event.RETRY:
            return machine.retry(spec, head, NOW)


def allows(state: State, event: Event) -> bool:
    return (state, event) in TRANSITIONS


class Moves(StoreCase):
    @pytest.mark.parametrize(("state", "event", "to"), ROWS)
    @scenario
    async def test_a_move_is_stored(self, store: Store, state: State, event: Event, to: State) -> None:
        task = await bring(store, state, key="k")
        head = moved(task, event, to)
        assert head.state is to
        assert await store.save([decided(task, head)]) == []
        assert await read(store, task.spec.id) == head

    @pytest.mark.parametrize("state", State)
    @scenario
    async def test_claim_takes_what_the_table_lets_start(self, store: Store, state: State) -> None:
        task = await bring(store, state, key="k")
        claims = await store.claim("w2", LEASE, ClaimQuery(9), now=LATER)
        expected = machine.start(task.head, "w2", LATER + LEASE, LATER) if allows(state, Event.START) else None
        assert claims == ([] if expected is None else [Claim(task.spec, expected)])
        assert await read(store, task.spec.id) == (expected or task.head)

    @pytest.mark.parametrize("state", State)
    @scenario
    async def test_reclaim_takes_what_the_table_lets_be_taken_over(self, store: Store, state: State) -> None:
        task = await bring(store, state, key="k")
        claims = await store.reclaim("w2", LEASE, 9, dead=["w1"], now=LATER)
        expected = machine.take_over(task.head, "w2", LATER + LEASE) if allows(state, Event.TAKE_OVER) else None
        assert claims == ([] if expected is None else [Claim(task.spec, expected)])
        assert await read(store, task.spec.id) == (expected or task.head)

    @pytest.mark.parametrize("state", State)
    @scenario
    async def test_promote_takes_what_the_table_lets_be_promoted(self, store: Store, state: State) -> None:
        task = await bring(store, state, key="k")
        promoted = await store.promote(9, now=LATER)
        expected = machine.promote(task.head) if allows(state, Event.PROMOTE) else None
        assert [one.id for one in promoted.tasks] == ([] if expected is None else [task.spec.id])
        assert await read(store, task.spec.id) == (expected or task.head)

    @pytest.mark.parametrize("state", State)
    @scenario
    async def test_purge_takes_what_is_final(self, store: Store, state: State) -> None:
        task = await bring(store, state, key="k")
        assert await store.purge(9, states=list(State), before=LATER) == (state in FINAL)
        assert (task.spec.id in await store.get([task.spec.id])) == (state not in FINAL)
