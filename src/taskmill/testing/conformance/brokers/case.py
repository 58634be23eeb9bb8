"""The ground of the suite: a broker for each test, queues that no other test uses, and tickets."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from typing import TypeVar
from uuid import uuid4

import pytest

from taskmill.brokers.contract import Broker, Delivery, Intake
from taskmill.core.task import Ticket
from taskmill.testing.conformance.loops import LoopCase

T = TypeVar("T")
CAPACITY = 100
SOON = 20.0
"""Seconds in which all must have come, on the slowest machine; nothing waits for so long."""


class BrokerCase(LoopCase):
    def make_broker(self) -> Broker:
        """A broker on the running event loop."""
        raise NotImplementedError

    @pytest.fixture
    def broker(self, runner: asyncio.Runner) -> Iterator[Broker]:
        async def make() -> Broker:
            return self.make_broker()

        broker = runner.run(make())
        yield broker
        runner.run(broker.close())

    @pytest.fixture
    def queue(self) -> str:
        return f"test {uuid4().hex[:12]}"


def a_ticket(queue: str, priority: int = 2) -> Ticket:
    return Ticket(str(uuid4()), queue, priority)


def some_tickets(queue: str, count: int, priority: int = 2) -> list[Ticket]:
    return [a_ticket(queue, priority) for _ in range(count)]


async def soon(what: Awaitable[T]) -> T:
    async with asyncio.timeout(SOON):
        return await what


def tickets_of(deliveries: Sequence[Delivery]) -> list[Ticket]:
    return [ticket for delivery in deliveries for ticket in delivery.tickets]


async def taken(intake: Intake, limit: int = CAPACITY) -> list[Ticket]:
    """What comes next; it is done."""
    deliveries = await soon(intake.take(limit))
    for delivery in deliveries:
        delivery.done()
    return tickets_of(deliveries)


async def all_taken(intake: Intake, count: int, limit: int = CAPACITY) -> list[Ticket]:
    """In their order, until there were so many different ones; those that came again are left out."""
    found: dict[Ticket, None] = {}
    async with asyncio.timeout(SOON):
        while len(found) < count:
            found.update(dict.fromkeys(await taken(intake, limit)))
    return list(found)


async def nothing_left(broker: Broker, queue: str) -> None:
    """A worker that comes now sees nothing but what is announced now."""
    intake, ticket = broker.intake([queue], CAPACITY), a_ticket(queue)
    await broker.announce([ticket])
    assert await taken(intake) == [ticket]
    await intake.close()
