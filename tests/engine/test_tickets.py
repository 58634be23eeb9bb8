"""Workers that hear by a broker's tickets. The broker is a hint: whatever it does, each task runs once."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from taskmill.brokers.memory import MemoryBroker
from taskmill.brokers.packing import MOST
from taskmill.core.errors import BrokerUnavailable
from taskmill.core.state import State
from taskmill.core.task import Claim, Decision, Task, Ticket
from taskmill.engine.client import control
from taskmill.engine.duties.loop import run_forever
from taskmill.engine.duties.promote import Promote
from taskmill.engine.early_ticket import EarlyTicket
from taskmill.engine.notifier import Notifier
from taskmill.engine.sender import BackgroundSender
from taskmill.engine.worker.settings import WorkerTimings
from taskmill.stores.contract import ClaimQuery, Store, WorkerRow
from tests.engine import handlers as h
from tests.engine.conftest import Trial

NEVER = 3600.0
"""Seconds between slow looks: what runs was told by a ticket."""
ONE_TICKET = EarlyTicket(head_start=NEVER)
"""However slow the insert is."""
SHORT_GRACE = WorkerTimings(ticket_grace=0.05)


class FaultyBroker(MemoryBroker):
    """A broker that can lose, repeat and refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Ticket] = []
        self.handle: Callable[[Sequence[Ticket]], Sequence[Ticket]] = lambda tickets: tickets
        self.heard = asyncio.Event()

    async def announce(self, tickets: Sequence[Ticket], per_message: int = MOST) -> None:
        self.told += tickets
        self.heard.set()
        await super().announce(self.handle(tickets), per_message)


@pytest.fixture
async def post(mill: Trial) -> AsyncIterator[FaultyBroker]:
    post = FaultyBroker()
    mill.broker = post
    mill.notifier = Notifier(mill.store, BackgroundSender(post.announce), early_ticket=ONE_TICKET)
    await mill.store.pause("default", False)  # a queue that is known
    yield post
    await post.close()


async def test_a_ticket_starts_a_task(mill: Trial, post: FaultyBroker) -> None:
    async with mill.worker(poll=NEVER):
        done = await asyncio.wait_for(mill.run(h.add.call(2, 3)), 10)
    assert done.head.result == "5"
    assert post.told == [Ticket(done.spec.id, "default", 2)]


class Slow:
    """A store whose inserts take until `go` is set. `look` is told of each claim: was it by ticket, what it got."""

    def __init__(self, store: Store, look: Callable[[bool, list[Claim]], None]) -> None:
        self._store = store
        self._look = look
        self.go = asyncio.Event()
        self.added = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def add(self, tasks: Sequence[Task]) -> dict[int, str]:
        await self.go.wait()
        there = await self._store.add(tasks)
        self.added.set()
        return there

    async def turn(
        self, owner: str, decisions: Sequence[Decision], lease: int, query: ClaimQuery, now: int | None = None
    ) -> Any:
        answer = await self._store.turn(owner, decisions, lease, query, now)
        by_ticket = query.priority is not None
        self._look(by_ticket, answer[1])
        if by_ticket and not answer[1]:
            await self.added.wait()
        return answer


async def test_a_lone_ticket_sets_out_before_its_task_is_stored(mill: Trial, post: FaultyBroker) -> None:
    slow = Slow(mill.store, lambda ids, claims: None)
    mill.notifier = Notifier(slow, mill.notifier.tickets, early_ticket=ONE_TICKET)
    adding = asyncio.create_task(mill.add(h.add.call(1, 1)))
    await asyncio.wait_for(post.heard.wait(), 10)
    assert not adding.done()
    slow.go.set()
    assert [ticket.id for ticket in post.told] == await adding


async def test_a_ticket_that_came_before_its_task_was_stored(mill: Trial, post: FaultyBroker) -> None:
    """It claims nothing, and the worker looks once more."""
    asked: list[tuple[bool, int]] = []

    def look(by_ticket: bool, claims: list[Claim]) -> None:
        asked.append((by_ticket, len(claims)))
        if by_ticket:
            slow.go.set()

    slow = Slow(mill.store, look)
    mill.notifier = Notifier(slow, mill.notifier.tickets, early_ticket=ONE_TICKET)
    async with mill.worker(poll=NEVER):
        [id] = await mill.add(h.add.call(1, 1))
        assert (await asyncio.wait_for(mill.final(id), 10)).head.state is State.SUCCEEDED
    assert (True, 0) in asked
    assert (False, 1) in asked


async def test_nothing_to_store_has_no_ticket(mill: Trial, post: FaultyBroker) -> None:
    assert await mill.add() == []
    assert post.told == []


async def test_a_slow_insert_sends_a_second_ticket(mill: Trial, post: FaultyBroker) -> None:
    mill.notifier = Notifier(mill.store, mill.notifier.tickets, early_ticket=EarlyTicket(head_start=0.0))
    [id] = await mill.add(h.add.call(1, 1))
    async with asyncio.timeout(10):
        while len(post.told) < 2:
            post.heard.clear()
            await post.heard.wait()
    assert post.told == 2 * [Ticket(id, "default", 2)]


async def test_whatever_becomes_ready_again_gets_a_ticket(mill: Trial, post: FaultyBroker) -> None:
    async with mill.worker(poll=NEVER):
        [id] = await mill.add(h.third_time.call())
        stop = asyncio.Event()
        promoting = asyncio.create_task(run_forever(mill.store, [Promote(mill.notifier, 0.01)], stop))
        assert (await mill.final(id)).head.result == "3"
        [verdict] = await control.retry(mill.notifier, [id])
        assert verdict.done
        assert (await mill.final(id)).head.result == "3"
        stop.set()
        await promoting
    assert [ticket.id for ticket in post.told].count(id) == 6


async def test_tickets_that_come_twice_late_or_for_nothing_claim_nothing(mill: Trial, post: FaultyBroker) -> None:
    post.handle = lambda tickets: [Ticket("no-such-task", "default", 2), *tickets, *tickets]
    async with mill.worker(poll=NEVER):
        done = [await mill.run(h.add.call(i, i)) for i in range(20)]
        [cancelled] = await mill.add(h.add.using(delay=60).call(1, 1))
        await control.cancel(mill.notifier, [cancelled])
        await post.announce([Ticket(cancelled, "default", 1), Ticket(done[0].spec.id, "default", 1)])
        await mill.run(h.add.call(0, 0))
        assert (await mill.get(cancelled)).head.state is State.CANCELLED
    assert {task.head.attempt for task in done} == {1}


async def test_what_got_lost_is_found_by_the_slow_look(mill: Trial, post: FaultyBroker) -> None:
    post.handle = lambda tickets: []
    async with mill.worker(SHORT_GRACE, poll=0.02):
        ids = await mill.add(*(h.add.call(i, i) for i in range(100)))
        assert {(await mill.final(id)).head.state for id in ids} == {State.SUCCEEDED}


async def test_what_got_lost_is_found_although_tickets_keep_coming(mill: Trial, post: FaultyBroker) -> None:
    post.handle = lambda tickets: []
    [lost] = await mill.add(h.add.call(1, 1))
    await post.heard.wait()
    post.handle = lambda tickets: tickets
    stop = time.monotonic() + 10
    timings = WorkerTimings(ticket_grace=0.05, ticketless_interval=0.1)
    async with mill.worker(timings, poll=NEVER, slots=1):
        while (await mill.get(lost)).head.finished_at is None and time.monotonic() < stop:
            await mill.run(h.add.call(1, 1))
    assert (await mill.get(lost)).head.state is State.SUCCEEDED


async def test_a_broker_that_is_away_stops_nobody(mill: Trial, post: FaultyBroker) -> None:
    def away(tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        raise BrokerUnavailable("away")

    post.handle = away
    async with mill.worker(SHORT_GRACE, poll=0.02):
        assert (await mill.run(h.add.call(1, 1))).head.state is State.SUCCEEDED
        post.handle = lambda tickets: tickets
        await asyncio.wait_for(mill.run(h.add.call(1, 1)), 10)


async def test_no_ticket_waits_behind_a_busy_worker(mill: Trial, post: FaultyBroker) -> None:
    async with AsyncExitStack() as workers:
        await workers.enter_async_context(mill.worker(poll=NEVER, slots=1))
        long = await mill.add(h.waits.call(30.0))
        await mill.when(long[0], lambda task: task.head.state is State.RUNNING)
        short = await mill.add(*(h.add.call(i, i) for i in range(5)))
        await workers.enter_async_context(mill.worker(poll=NEVER, slots=1))
        for id in short:
            await asyncio.wait_for(mill.final(id), 5)
        await control.cancel(mill.notifier, long)


async def test_a_queue_that_is_new_is_found_and_then_heard(mill: Trial, post: FaultyBroker) -> None:
    by_ticket: set[str] = set()
    slow = Slow(mill.store, lambda of_ticket, claims: by_ticket.update(c.spec.id for c in claims if of_ticket))
    slow.go.set()
    slow.added.set()
    mill.notifier = Notifier(slow, mill.notifier.tickets, early_ticket=ONE_TICKET)
    async with mill.worker(SHORT_GRACE, poll=0.02) as worker:
        first = await mill.run(h.add.using(queue="new").call(1, 1))
        assert first.spec.id not in by_ticket
        async with asyncio.timeout(10):
            while (await mill.run(h.add.using(queue="new").call(1, 1))).spec.id not in by_ticket:
                pass
        assert worker.in_flight.beats() == []


async def test_a_worker_of_some_queues_takes_no_tickets_of_others(mill: Trial, post: FaultyBroker) -> None:
    async with mill.worker(poll=NEVER, queues=("mine",)):
        [other] = await mill.add(h.add.call(1, 1))
        await asyncio.wait_for(mill.run(h.add.using(queue="mine").call(1, 1)), 10)
        assert (await mill.get(other)).head.state is State.READY


async def test_a_worker_that_ends_leaves_its_tickets_to_others(mill: Trial, post: FaultyBroker) -> None:
    async with mill.worker(poll=NEVER, slots=1, grace=0.1):
        long = await mill.add(h.waits.call(30.0))
        await mill.when(long[0], lambda task: task.head.state is State.RUNNING)
        short = await mill.add(h.add.call(1, 1))
    async with mill.worker(poll=NEVER, slots=2):
        await asyncio.wait_for(mill.final(short[0]), 5)
        await mill.when(long[0], lambda task: task.head.state is State.RUNNING)
        await control.cancel(mill.notifier, long)


async def test_tickets_for_others_reach_them_at_once(mill: Trial, post: FaultyBroker) -> None:
    """Two apps share a queue; whoever gets a ticket for a task that only the other can run tells it."""
    one, two = {"add": h.add}, {"note": h.note}
    for name, tasks in (("one", one), ("two", two)):
        row = WorkerRow(name, "here", 1, 0, 0, "null", 4, 0, "1", json.dumps(list(tasks)))
        await mill.store.put_worker(row)
    async with mill.worker(tasks=one, poll=NEVER, slots=4), mill.worker(tasks=two, poll=NEVER, slots=4):
        for i in range(30):
            [mine, theirs] = await mill.add(h.add.call(i, 1), h.note.call(i))
            async with asyncio.timeout(2):
                await asyncio.gather(mill.final(mine), mill.final(theirs))
        many = [h.add.call(i, 1) if i % 3 else h.note.call(i) for i in range(3_000)]
        await mill.add(*many)
        await mill.all_done()


async def test_one_slot_starts_tasks_in_the_order_of_the_store(mill: Trial, post: FaultyBroker) -> None:
    h.noted.clear()
    for first in range(0, 900, 300):
        await mill.add(*(h.note.call(i) for i in range(first, first + 300)))
    async with mill.worker(poll=NEVER, slots=1):
        await mill.all_done()
    assert h.noted == list(range(900))
