"""broker/intake: several workers, none of which keeps from others what it cannot use."""

import asyncio

from taskmill.brokers.contract import Broker, Delivery, Intake
from taskmill.core.task import Ticket
from taskmill.testing.conformance.brokers.case import (
    CAPACITY,
    SOON,
    BrokerCase,
    a_ticket,
    all_taken,
    nothing_left,
    some_tickets,
    soon,
    taken,
    tickets_of,
)
from taskmill.testing.conformance.loops import scenario


class Sharing(BrokerCase):
    @scenario
    async def test_each_ticket_goes_to_one(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 40)
        seen: list[Ticket] = []
        workers = [asyncio.create_task(_work(broker.intake([queue], CAPACITY), seen)) for _ in range(3)]
        for ticket in tickets:
            await broker.announce([ticket])
        async with asyncio.timeout(SOON):
            while len(seen) < len(tickets):
                await asyncio.wait(workers, timeout=0.01)
        assert sorted(seen) == sorted(tickets)
        for worker in workers:
            worker.cancel()

    @scenario
    async def test_back_may_go_to_another(self, broker: Broker, queue: str) -> None:
        busy, idle = broker.intake([queue], CAPACITY), broker.intake([queue], CAPACITY)
        ticket = a_ticket(queue)
        await broker.announce([ticket])
        (delivery,) = await soon(busy.take(1))
        delivery.back()
        assert await taken(idle) == [ticket]

    @scenario
    async def test_no_more_than_the_capacity_is_held(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 40)
        await broker.announce(tickets)
        full, idle = broker.intake([queue], 8), broker.intake([queue], CAPACITY)
        held: list[Delivery] = []
        hoarder = asyncio.create_task(_hoard(full, held))
        got = await all_taken(idle, len(tickets) - 8)
        assert set(got) <= set(tickets)
        assert len(tickets_of(held)) <= 8
        hoarder.cancel()

    @scenario
    async def test_a_full_one_takes_again_when_there_is_room(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 30)
        await broker.announce(tickets)
        intake = broker.intake([queue], 10)
        found: set[Ticket] = set()
        while len(found) < len(tickets):
            deliveries = await soon(intake.take(10))
            assert len(tickets_of(deliveries)) <= 10
            found.update(tickets_of(deliveries))
            for delivery in deliveries:
                delivery.done()

    @scenario
    async def test_a_busy_worker_leaves_the_rest_to_others(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 20)
        busy, idle = broker.intake([queue], CAPACITY), broker.intake([queue], CAPACITY)
        await broker.announce(tickets[:10])
        (first, *_) = await soon(busy.take(1))
        await broker.announce(tickets[10:])
        expected = set(tickets) - set(first.tickets)
        first.done()
        assert expected <= {*await all_taken(idle, len(expected)), *first.tickets}
        await idle.close()
        await busy.close()
        await nothing_left(broker, queue)

    @scenario
    async def test_who_takes_one_after_the_other_keeps_few(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 60)
        slow, idle = broker.intake([queue], 2 * len(tickets)), broker.intake([queue], 2 * len(tickets))
        await broker.announce(tickets)
        (first,) = await soon(slow.take(1))
        first.done()
        working = asyncio.create_task(_work_slowly(slow))
        assert set(await all_taken(idle, 40)) <= set(tickets)
        working.cancel()

    @scenario
    async def test_what_one_held_when_it_closed_wakes_another(self, broker: Broker, queue: str) -> None:
        closing, waiting = broker.intake([queue], CAPACITY), broker.intake([queue], CAPACITY)
        ticket = a_ticket(queue)
        await broker.announce([ticket])
        await soon(closing.take(1))
        taking = asyncio.create_task(taken(waiting))
        await asyncio.sleep(0)
        await closing.close()
        assert await taking == [ticket]


async def _work_slowly(intake: Intake) -> None:
    while True:
        for delivery in await intake.take(1):
            await asyncio.sleep(0.03)
            delivery.done()


async def _work(intake: Intake, seen: list[Ticket]) -> None:
    while True:
        deliveries = await intake.take(CAPACITY)
        seen.extend(tickets_of(deliveries))
        for delivery in deliveries:
            delivery.done()


async def _hoard(intake: Intake, held: list[Delivery]) -> None:
    while True:
        held += await intake.take(CAPACITY)
