"""broker/workers: several workers, none of which keeps from others what it cannot use."""

import asyncio

from taskmill.brokers.contract import Broker
from taskmill.testing.conformance.brokers.case import (
    CAPACITY,
    SOON,
    BrokerCase,
    TicketWorker,
    a_ticket,
    ids_of,
    nothing_left,
    some_tickets,
    soon,
)
from taskmill.testing.conformance.loops import scenario


class SharedByWorkers(BrokerCase):
    @scenario
    async def test_each_ticket_goes_to_one(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 40)
        seen: list[str] = []
        workers = [asyncio.create_task(_work(TicketWorker(broker, [queue]), seen)) for _ in range(3)]
        for ticket in tickets:
            await broker.announce([ticket])
        async with asyncio.timeout(SOON):
            while len(seen) < len(tickets):
                await asyncio.wait(workers, timeout=0.01)
        assert sorted(seen) == sorted(ids_of(tickets))
        for worker in workers:
            worker.cancel()

    @scenario
    async def test_no_more_than_was_asked_for(self, broker: Broker, queue: str) -> None:
        await broker.announce(some_tickets(queue, 90))
        worker = TicketWorker(broker, [queue])
        for room in (1, 7, 20):
            assert 1 <= len(await worker.claimed(room)) <= room

    @scenario
    async def test_a_claim_that_failed_is_made_again(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 5)
        await broker.announce(tickets)
        worker = TicketWorker(broker, [queue])
        await soon(worker.claim(3))
        worker.buffer.failed()
        assert await worker.all_claimed(5) == set(ids_of(tickets))
        await worker.close()
        await nothing_left(broker, queue)

    @scenario
    async def test_what_could_not_be_claimed_goes_to_another(self, broker: Broker, queue: str) -> None:
        busy, idle = TicketWorker(broker, [queue]), TicketWorker(broker, [queue])
        ticket = a_ticket(queue)
        await broker.announce([ticket])
        await soon(busy.claim(1))
        busy.buffer.failed()
        busy.buffer.take(0)
        assert await idle.claimed() == [ticket.id]

    @scenario
    async def test_a_part_goes_back(self, broker: Broker, queue: str) -> None:
        busy, tickets = TicketWorker(broker, [queue]), some_tickets(queue, 9)
        await broker.announce(tickets)
        done = set(await busy.claimed(4))
        await soon(busy.claim(4))
        busy.buffer.failed()
        busy.buffer.take(0)
        idle, expected = TicketWorker(broker, [queue]), set(ids_of(tickets)) - done
        assert expected <= {*await idle.all_claimed(len(expected)), *done}
        await idle.close()
        await busy.close()
        await nothing_left(broker, queue)

    @scenario
    async def test_no_more_than_the_capacity(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 40)
        await broker.announce(tickets)
        full, idle = TicketWorker(broker, [queue], 8), TicketWorker(broker, [queue])
        kept: list[str] = []
        keeping = asyncio.create_task(_keep(full, kept))
        assert await idle.all_claimed(len(tickets) - 8) <= set(ids_of(tickets))
        assert len(kept) <= 8
        keeping.cancel()

    @scenario
    async def test_a_full_one_claims_again_when_there_is_room(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 30)
        await broker.announce(tickets)
        worker, found = TicketWorker(broker, [queue], 10), set[str]()
        while len(found) < len(tickets):
            ids = await worker.claimed(CAPACITY)
            assert len(ids) <= 10
            found.update(ids)

    @scenario
    async def test_a_busy_worker_leaves_the_rest_to_others(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 20)
        busy, idle = TicketWorker(broker, [queue]), TicketWorker(broker, [queue])
        await broker.announce(tickets[:10])
        first = await busy.claimed(1)
        await broker.announce(tickets[10:])
        expected = set(ids_of(tickets)) - set(first)
        assert expected <= {*await idle.all_claimed(len(expected)), *first}
        await idle.close()
        await busy.close()
        await nothing_left(broker, queue)

    @scenario
    async def test_who_takes_one_after_the_other_keeps_few(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 60)
        slow, idle = (TicketWorker(broker, [queue], 2 * len(tickets)) for _ in range(2))
        await broker.announce(tickets)
        await slow.claimed(1)
        working = asyncio.create_task(_work_slowly(slow))
        assert await idle.all_claimed(40) <= set(ids_of(tickets))
        working.cancel()

    @scenario
    async def test_what_one_had_when_it_closed_wakes_another(self, broker: Broker, queue: str) -> None:
        closing, waiting = TicketWorker(broker, [queue]), TicketWorker(broker, [queue])
        ticket = a_ticket(queue)
        await broker.announce([ticket])
        await soon(closing.claim(1))
        claiming = asyncio.create_task(waiting.claimed())
        await asyncio.sleep(0)
        await closing.close()
        assert await soon(claiming) == [ticket.id]

    @scenario
    async def test_a_queue_that_is_not_served_any_more(self, broker: Broker, queue: str) -> None:
        other = f"{queue} too"
        worker, tickets = TicketWorker(broker, [queue, other]), some_tickets(queue, 4)
        await broker.announce(tickets)
        first = await worker.claimed(2)
        worker.buffer.serve([other])
        left = set(ids_of(tickets)) - set(first)
        assert left <= await TicketWorker(broker, [queue]).all_claimed(len(left))


async def _work_slowly(worker: TicketWorker) -> None:
    while True:
        await worker.claim(1)
        await asyncio.sleep(0.03)
        worker.buffer.claimed()


async def _work(worker: TicketWorker, seen: list[str]) -> None:
    while True:
        seen.extend(await worker.claimed())


async def _keep(worker: TicketWorker, kept: list[str]) -> None:
    while True:
        kept += await worker.claim()
