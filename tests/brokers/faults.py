"""What the tests of faults have in common."""

import asyncio
import contextlib
import time
from uuid import uuid4

import pytest

from taskmill.brokers.contract import Broker
from taskmill.core.errors import BrokerUnavailable
from taskmill.core.task import Ticket
from taskmill.testing.conformance.brokers.case import TicketWorker

LONG = 30.0
SOON = 5.0
"""Seconds within which a broker must say that it takes nothing."""


def a_ticket(queue: str = "faults") -> Ticket:
    return Ticket(str(uuid4()), queue, 2)


async def refused(broker: Broker) -> BrokerUnavailable:
    """The error of an announcement, which must come soon."""
    begin = time.monotonic()
    with pytest.raises(BrokerUnavailable) as refusal:
        await broker.announce([a_ticket()])
    assert time.monotonic() - begin < SOON
    assert refusal.value.hint
    return refusal.value


async def closed(broker: Broker) -> None:
    """Until it takes nothing more: an alarm reaches the connections a moment after it is set."""
    async with asyncio.timeout(SOON):
        with contextlib.suppress(BrokerUnavailable):
            while True:
                await broker.announce([a_ticket()])


async def announced(broker: Broker, ticket: Ticket) -> None:
    """As soon as the broker takes it."""
    async with asyncio.timeout(LONG):
        while True:
            try:
                await broker.announce([ticket])
            except BrokerUnavailable:
                await asyncio.sleep(0.05)
            else:
                return


async def arrives(worker: TicketWorker, ticket: Ticket) -> None:
    """Others may come before it."""
    async with asyncio.timeout(LONG):
        while ticket.id not in await worker.claim(10):
            worker.buffer.claimed()
    worker.buffer.claimed()


async def works(broker: Broker, worker: TicketWorker) -> None:
    """There and back."""
    ticket = a_ticket()
    arrival = asyncio.create_task(arrives(worker, ticket))
    await announced(broker, ticket)
    await arrival
