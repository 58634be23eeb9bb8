"""broker/priorities, broker/queues: what goes first, as a worker claims it."""

import asyncio

import pytest

from taskmill.brokers.contract import Broker
from taskmill.testing.conformance.brokers.case import BrokerCase, TicketWorker, a_ticket, some_tickets
from taskmill.testing.conformance.loops import scenario

CLAIM = 0.005
"""Seconds."""


class Priorities(BrokerCase):
    @scenario
    async def test_high_before_normal_before_low(self, broker: Broker, queue: str) -> None:
        tickets = [ticket for priority in (3, 2, 1) for ticket in some_tickets(queue, 12, priority)]
        for ticket in tickets:
            await broker.announce([ticket])
        priorities = {ticket.id: ticket.priority for ticket in tickets}
        worker, order = TicketWorker(broker, [queue]), list[int]()
        while len(order) < len(tickets):  # one at a time
            order += [priorities[id] for id in await worker.claimed(1)]
            await asyncio.sleep(CLAIM)
        places = {priority: [place for place, one in enumerate(order) if one == priority] for priority in (1, 2, 3)}
        assert sum(places[1]) < sum(places[2]) < sum(places[3])

    @scenario
    async def test_low_is_not_starved(self, broker: Broker, queue: str) -> None:
        """High ones keep coming faster than they are claimed."""
        low = a_ticket(queue, 3)
        await broker.announce([low, *some_tickets(queue, 100, 1)])
        worker = TicketWorker(broker, [queue], 4)
        for _ in range(300):
            await broker.announce([a_ticket(queue, 1)])
            if low.id in await worker.claimed(1):
                return
        pytest.fail("the low one was never claimed")

    @scenario
    async def test_no_queue_stands_in_the_way_of_another(self, broker: Broker, queue: str) -> None:
        crowded, lonely = some_tickets(queue, 500), a_ticket(f"{queue} too")
        await broker.announce([*crowded, lonely])
        worker, seen = TicketWorker(broker, [queue, lonely.queue], 10), 0
        while lonely.id not in (ids := await worker.claimed(1)):
            seen += len(ids)
        assert seen < 400
