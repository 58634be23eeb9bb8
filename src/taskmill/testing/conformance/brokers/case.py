"""The ground of the suite: a broker for each test, queues that no other test uses, tickets, and who consumes them."""

import asyncio
from collections.abc import Awaitable, Collection, Iterator, Sequence
from typing import TypeVar
from uuid import uuid4

import pytest

from taskmill.brokers.contract import Broker, TicketMessage
from taskmill.core.task import Ticket
from taskmill.engine.worker.settings import WorkerTimings
from taskmill.engine.worker.tickets import TicketBuffer
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


def ids_of(tickets: Sequence[Ticket]) -> list[str]:
    return [ticket.id for ticket in tickets]


async def soon(what: Awaitable[T]) -> T:
    async with asyncio.timeout(SOON):
        return await what


class Inbox:
    """A consumer as the contract has it. What came waits here, and the test acknowledges or returns it."""

    def __init__(self, broker: Broker, queues: Collection[str], wanted: int = CAPACITY) -> None:
        self.messages: list[TicketMessage] = []
        self.wanted = wanted
        self._news = asyncio.Event()
        self.consumer = broker.consume(queues, self._put, lambda: None)
        self.consumer.want(wanted)

    async def next(self) -> list[TicketMessage]:
        """What has come since, or comes next."""
        while not self.messages:
            self._news.clear()
            await soon(self._news.wait())
        messages, self.messages = self.messages, []
        self.consumer.want(self.wanted)
        return messages

    async def acked(self, count: int) -> list[Ticket]:
        """In their order, until there were so many different ones; those that came again are left out."""
        found: dict[Ticket, None] = {}
        async with asyncio.timeout(SOON):
            while len(found) < count:
                for message in await self.next():
                    found.update(dict.fromkeys(tickets_of(message)))
                    message.ack()
        return list(found)

    def _put(self, message: TicketMessage) -> None:
        self.messages.append(message)
        self._news.set()


def tickets_of(message: TicketMessage) -> list[Ticket]:
    return [Ticket(id, message.queue, message.priority) for id in message.ids]


class TicketWorker:
    """Claims as a worker does, by its ticket buffer."""

    def __init__(self, broker: Broker, queues: Collection[str], capacity: int = CAPACITY) -> None:
        self._news = asyncio.Event()
        self.buffer = TicketBuffer(broker, queues, capacity, self._news.set, WorkerTimings())

    async def claim(self, room: int = CAPACITY) -> list[str]:
        """Waits for tickets, for ever; `buffer.claimed` or `buffer.failed` is to follow."""
        while not (ids := self.buffer.take(room)):
            await self._news.wait()
            self._news.clear()
        return ids

    async def claimed(self, room: int = CAPACITY) -> list[str]:
        ids = await soon(self.claim(room))
        self.buffer.claimed()
        return ids

    async def all_claimed(self, count: int, room: int = CAPACITY) -> set[str]:
        """Until there were so many different ones."""
        found: set[str] = set()
        async with asyncio.timeout(SOON):
            while len(found) < count:
                found.update(await self.claimed(room))
        return found

    async def close(self) -> None:
        await self.buffer.close()


async def nothing_left(broker: Broker, queue: str) -> None:
    """A worker that comes now sees nothing but what is announced now."""
    inbox, ticket = Inbox(broker, [queue]), a_ticket(queue)
    await broker.announce([ticket])
    assert await inbox.acked(1) == [ticket]
    await inbox.consumer.close()
