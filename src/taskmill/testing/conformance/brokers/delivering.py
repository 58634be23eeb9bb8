"""broker/announce, broker/take: at least once, until it is done."""

import asyncio

import pytest

from taskmill.brokers.contract import Broker
from taskmill.core.errors import BrokerUnavailable
from taskmill.testing.conformance.brokers.case import (
    CAPACITY,
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


class Delivering(BrokerCase):
    @scenario
    async def test_what_was_announced_before_anybody_came(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 3)
        await broker.announce(tickets)
        assert set(await all_taken(broker.intake([queue], CAPACITY), 3)) == set(tickets)

    @scenario
    async def test_what_is_announced_while_somebody_waits(self, broker: Broker, queue: str) -> None:
        taking = asyncio.create_task(taken(broker.intake([queue], CAPACITY)))
        await asyncio.sleep(0)
        ticket = a_ticket(queue)
        await broker.announce([ticket])
        assert await taking == [ticket]

    @scenario
    async def test_nothing_announced(self, broker: Broker, queue: str) -> None:
        await broker.announce([])
        await nothing_left(broker, queue)

    @scenario
    async def test_done_is_never_delivered_again(self, broker: Broker, queue: str) -> None:
        intake, ticket = broker.intake([queue], CAPACITY), a_ticket(queue)
        await broker.announce([ticket])
        assert await taken(intake) == [ticket]
        await intake.close()
        await nothing_left(broker, queue)

    @scenario
    async def test_what_was_not_done_when_it_closed_goes_to_another(self, broker: Broker, queue: str) -> None:
        intake, tickets = broker.intake([queue], CAPACITY), some_tickets(queue, 5)
        await broker.announce(tickets)
        held = await soon(intake.take(2))
        assert held
        await intake.close()
        assert set(await all_taken(broker.intake([queue], CAPACITY), 5)) == set(tickets)

    @scenario
    async def test_ends_after_the_close_do_no_harm(self, broker: Broker, queue: str) -> None:
        intake, tickets = broker.intake([queue], CAPACITY), some_tickets(queue, 2)
        await broker.announce(tickets)
        first, second = (await soon(intake.take(1)))[0], (await soon(intake.take(1)))[0]
        await intake.close()
        await intake.close()
        first.done()
        second.back()
        assert set(await all_taken(broker.intake([queue], CAPACITY), 2)) == set(tickets)

    @scenario
    async def test_back_is_delivered_again(self, broker: Broker, queue: str) -> None:
        intake, ticket = broker.intake([queue], CAPACITY), a_ticket(queue)
        await broker.announce([ticket])
        for _ in range(3):
            (delivery,) = await soon(intake.take(CAPACITY))
            assert list(delivery.tickets) == [ticket]
            delivery.back()
        assert await taken(intake) == [ticket]
        await intake.close()
        await nothing_left(broker, queue)

    @scenario
    async def test_a_part_goes_back(self, broker: Broker, queue: str) -> None:
        intake, tickets = broker.intake([queue], CAPACITY), some_tickets(queue, 9)
        await broker.announce(tickets)
        deliveries = await soon(intake.take(4))
        *done, back = deliveries + ([] if len(deliveries) > 1 else await soon(intake.take(4)))
        for delivery in done:
            delivery.done()
        back.back()
        expected = set(tickets) - set(tickets_of(done))
        assert expected <= {*await all_taken(intake, len(expected)), *tickets_of(done)}

    @scenario
    async def test_the_limit_is_about_kept(self, broker: Broker, queue: str) -> None:
        await broker.announce(some_tickets(queue, 90))
        intake = broker.intake([queue], CAPACITY)
        for limit in (1, 7, 20):
            assert 1 <= len(await taken(intake, limit)) <= 2 * limit

    @scenario
    async def test_a_cancelled_take_loses_nothing(self, broker: Broker, queue: str) -> None:
        intake, tickets = broker.intake([queue], CAPACITY), some_tickets(queue, 60)
        found = set()
        for number, ticket in enumerate(tickets):
            taking = asyncio.create_task(intake.take(CAPACITY))
            await broker.announce([ticket])
            await asyncio.sleep(number % 6 / 2000)
            taking.cancel()
            for ended in (await asyncio.wait([taking]))[0]:
                deliveries = [] if ended.cancelled() else ended.result()
                found.update(tickets_of(deliveries))
                for delivery in deliveries:
                    delivery.done()
        found.update(await all_taken(intake, len(tickets) - len(found)))
        assert found == set(tickets)

    @scenario
    async def test_close_while_somebody_waits(self, broker: Broker, queue: str) -> None:
        intake, ticket = broker.intake([queue], CAPACITY), a_ticket(queue)
        taking = asyncio.create_task(intake.take(CAPACITY))
        await asyncio.sleep(0)
        await intake.close()
        assert await soon(taking) == []
        await broker.announce([ticket])
        assert await taken(broker.intake([queue], CAPACITY)) == [ticket]

    @scenario
    async def test_many(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 5000)
        intake = broker.intake([queue], 1000)
        taking = asyncio.create_task(all_taken(intake, len(tickets), 500))
        for start in range(0, len(tickets), 1000):
            await broker.announce(tickets[start : start + 1000])
        assert set(await taking) == set(tickets)
        await intake.close()
        await nothing_left(broker, queue)

    @scenario
    async def test_many_one_by_one(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 300)
        for start in range(0, len(tickets), 50):
            await asyncio.gather(*(broker.announce([ticket]) for ticket in tickets[start : start + 50]))
        assert set(await all_taken(broker.intake([queue], CAPACITY), len(tickets))) == set(tickets)

    @scenario
    async def test_ping(self, broker: Broker) -> None:
        await broker.ping()
        await broker.ping()

    @scenario
    async def test_a_closed_broker_takes_nothing(self, broker: Broker, queue: str) -> None:
        taking = asyncio.create_task(broker.intake([queue], CAPACITY).take(1))
        await asyncio.sleep(0)
        await broker.close()
        assert await soon(taking) == []
        with pytest.raises(BrokerUnavailable):
            await broker.announce([a_ticket(queue)])
