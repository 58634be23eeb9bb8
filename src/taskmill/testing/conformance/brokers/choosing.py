"""broker/priorities, broker/queues: what goes first, and what a queue may be called."""

import asyncio

import pytest

from taskmill.brokers.contract import Broker
from taskmill.testing.conformance.brokers.case import (
    CAPACITY,
    BrokerCase,
    a_ticket,
    all_taken,
    some_tickets,
    soon,
    taken,
)
from taskmill.testing.conformance.loops import scenario

CLAIM = 0.005
"""Seconds."""
ODD = [
    "two words",
    " space around ",
    "dots.in.it",
    "#",
    "*",
    "a.*.#",
    "a/b\\c",
    "{braces}",
    "a:b:c",
    "100%25",
    "grüße ☃ 你好",
    "x" * 128,
    "☃" * 128,
    "🧪" * 127 + ".",
    "'; DROP TABLE tasks; --",
]


class Choosing(BrokerCase):
    @scenario
    async def test_high_before_normal_before_low(self, broker: Broker, queue: str) -> None:
        order = await self._order(broker, queue, [3, 2, 1], 12)
        places = {priority: [place for place, one in enumerate(order) if one == priority] for priority in (1, 2, 3)}
        assert sum(places[1]) < sum(places[2]) < sum(places[3])

    @scenario
    async def test_low_is_not_starved(self, broker: Broker, queue: str) -> None:
        """High ones keep coming faster than they are taken."""
        low = a_ticket(queue, 3)
        await broker.announce([low, *some_tickets(queue, 100, 1)])
        intake = broker.intake([queue], 4)
        for _ in range(300):
            await broker.announce([a_ticket(queue, 1)])
            if low in await taken(intake, 1):
                return
        pytest.fail("the low one did not get its turn")

    @scenario
    async def test_each_comes_with_its_queue_and_priority(self, broker: Broker, queue: str) -> None:
        queues = [queue, f"{queue}.high", f"{queue}.high.low"]
        tickets = [a_ticket(name, priority) for name in queues for priority in (1, 2, 3) for _ in range(2)]
        await broker.announce(tickets)
        assert set(await all_taken(broker.intake(queues, CAPACITY), len(tickets))) == set(tickets)

    @scenario
    async def test_a_delivery_is_of_one_queue_and_priority(self, broker: Broker, queue: str) -> None:
        queues = [queue, f"{queue} too"]
        await broker.announce([a_ticket(name, priority) for name in queues for priority in (1, 3) for _ in range(3)])
        intake, seen = broker.intake(queues, CAPACITY), 0
        while seen < 12:
            for delivery in await soon(intake.take(CAPACITY)):
                assert len({(ticket.queue, ticket.priority) for ticket in delivery.tickets}) == 1
                seen += len(delivery.tickets)
                delivery.done()

    @scenario
    async def test_only_the_queues_served(self, broker: Broker, queue: str) -> None:
        other = f"{queue} too"
        mine, others = a_ticket(queue), a_ticket(other)
        await broker.announce([others, mine])
        assert await taken(broker.intake([queue], CAPACITY)) == [mine]
        assert await taken(broker.intake([other], CAPACITY)) == [others]

    @scenario
    async def test_a_queue_served_later(self, broker: Broker, queue: str) -> None:
        intake, ticket = broker.intake([], CAPACITY), a_ticket(queue)
        taking = asyncio.create_task(taken(intake))
        await broker.announce([ticket])
        intake.serve([queue])
        assert await taking == [ticket]

    @scenario
    async def test_a_queue_not_served_any_more(self, broker: Broker, queue: str) -> None:
        other = f"{queue} too"
        intake = broker.intake([queue, other], CAPACITY)
        first = some_tickets(queue, 2)
        await broker.announce(first)
        (delivery,) = await soon(intake.take(2))
        intake.serve([other])
        delivery.done()
        mine, others = a_ticket(other), a_ticket(queue)
        await broker.announce([others, mine])
        assert await taken(intake) == [mine]
        assert others in await all_taken(broker.intake([queue], CAPACITY), 1)

    @scenario
    async def test_no_queue_stands_in_the_way_of_another(self, broker: Broker, queue: str) -> None:
        crowded, lonely = some_tickets(queue, 500), a_ticket(f"{queue} too")
        await broker.announce([*crowded, lonely])
        intake = broker.intake([queue, lonely.queue], 10)
        seen = 0
        while lonely not in (tickets := await taken(intake, 1)):
            seen += len(tickets)
        assert seen < 400

    @pytest.mark.parametrize("name", ODD, ids=range(len(ODD)))
    @scenario
    async def test_any_name_of_a_queue(self, broker: Broker, name: str) -> None:
        ticket = a_ticket(name)
        intake = broker.intake([name], CAPACITY)
        await broker.announce([ticket])
        while ticket not in await taken(intake):  # other tests may have left some
            continue

    async def _order(self, broker: Broker, queue: str, announced: list[int], each: int) -> list[int]:
        """Priorities as they come, one at a time, with a pause in which a worker would claim."""
        for priority in announced:
            for ticket in some_tickets(queue, each, priority):
                await broker.announce([ticket])
        intake, order = broker.intake([queue], CAPACITY), list[int]()
        while len(order) < each * len(announced):
            order += [ticket.priority for ticket in await taken(intake, 1)]
            await asyncio.sleep(CLAIM)
        return order
