"""The broker within one process, and the reference for all others. It keeps tickets as long as the process lives."""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence

from taskmill.brokers.contract import Delivery
from taskmill.brokers.packing import MOST, Line
from taskmill.brokers.turns import Turns
from taskmill.core.errors import BrokerUnavailable
from taskmill.core.task import Ticket


class MemoryBroker:
    place = "memory://"

    def __init__(self) -> None:
        self._lines: dict[Line, deque[str]] = {}
        self._intakes: list[MemoryIntake] = []
        self._news = asyncio.Event()
        self._closed = False

    async def announce(self, tickets: Sequence[Ticket]) -> None:
        if self._closed:
            raise BrokerUnavailable("this broker is closed")
        for id, queue, priority in tickets:
            self._line(queue, priority).append(id)
        self.wake()

    def intake(self, queues: Collection[str], capacity: int) -> "MemoryIntake":
        intake = MemoryIntake(self, queues, capacity)
        self._intakes.append(intake)
        return intake

    async def ping(self) -> None:
        await self.announce(())

    async def close(self) -> None:
        self._closed = True
        for intake in self._intakes:
            await intake.close()

    def pick(self, queues: Collection[str], priorities: Sequence[int], limit: int) -> list[Ticket]:
        """Tickets of the first line that has some."""
        for priority in priorities:
            for queue in queues:
                if line := self._lines.get(Line(queue, priority)):
                    return [Ticket(line.popleft(), queue, priority) for _ in range(min(limit, len(line)))]
        return []

    def put_back(self, tickets: Sequence[Ticket]) -> None:
        _, queue, priority = tickets[0]
        self._line(queue, priority).extendleft(ticket.id for ticket in reversed(tickets))
        self.wake()

    def wake(self) -> None:
        """Whoever waits looks again."""
        self._news.set()
        self._news = asyncio.Event()

    async def news(self) -> None:
        await self._news.wait()

    def _line(self, queue: str, priority: int) -> deque[str]:
        return self._lines.setdefault(Line(queue, priority), deque())


class MemoryIntake:
    def __init__(self, broker: MemoryBroker, queues: Collection[str], capacity: int) -> None:
        self._broker = broker
        self._capacity = capacity
        self._queues = list(queues)
        self._held: dict[MemoryDelivery, None] = {}
        self._turns = Turns()
        self._closed = False

    def serve(self, queues: Collection[str]) -> None:
        self._queues = list(queues)
        self._broker.wake()

    async def take(self, limit: int) -> list[Delivery]:
        while not self._closed:
            if taken := self._take(min(limit, self._capacity - sum(len(one.tickets) for one in self._held))):
                return taken
            await self._broker.news()
        return []

    async def close(self) -> None:
        self._closed = True
        for delivery in tuple(self._held):
            delivery.back()
        self._broker.wake()

    def settle(self, delivery: "MemoryDelivery") -> bool:
        """Whether it was open."""
        if delivery not in self._held:
            return False
        del self._held[delivery]
        self._broker.wake()  # there is room again
        return True

    def put_back(self, delivery: "MemoryDelivery") -> None:
        if self.settle(delivery):
            self._broker.put_back(delivery.tickets)

    def _take(self, room: int) -> list[Delivery]:
        taken: list[Delivery] = []
        while room > 0 and (tickets := self._pick(min(room, MOST))):
            delivery = MemoryDelivery(self, tickets)
            self._held[delivery] = None
            taken.append(delivery)
            room -= len(tickets)
        return taken

    def _pick(self, limit: int) -> list[Ticket]:
        tickets = self._broker.pick(self._queues, self._turns.next(), limit)
        if tickets:
            self._queues.append(self._queues.pop(0))  # so that no queue stands in the way of another
        return tickets


class MemoryDelivery:
    def __init__(self, intake: MemoryIntake, tickets: Sequence[Ticket]) -> None:
        self._intake = intake
        self.tickets = tickets

    def done(self) -> None:
        self._intake.settle(self)

    def back(self) -> None:
        self._intake.put_back(self)
