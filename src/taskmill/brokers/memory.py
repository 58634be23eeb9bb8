"""The broker within one process, and the reference for all others. It keeps tickets as long as the process lives."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection, Sequence

from taskmill.brokers.contract import OnLost, OnMessage
from taskmill.brokers.packing import MOST, Lane, PriorityOrder, parcels
from taskmill.core.errors import BrokerUnavailable
from taskmill.core.task import Ticket


class MemoryBroker:
    location = "memory://"

    def __init__(self) -> None:
        self._messages: defaultdict[Lane, deque[Sequence[str]]] = defaultdict(deque)
        self._consumers: list[MemoryConsumer] = []
        self._delivery: asyncio.Handle | None = None
        self._closed = False

    async def announce(self, tickets: Sequence[Ticket], per_message: int = MOST) -> None:
        if self._closed:
            raise BrokerUnavailable("this broker is closed")
        for lane, ids in parcels(tickets, per_message):
            self._messages[lane].append(ids)
        self.deliver_soon()

    def consume(self, queues: Collection[str], on_message: OnMessage, on_lost: OnLost) -> "MemoryConsumer":
        consumer = MemoryConsumer(self, queues, on_message)
        self._consumers.append(consumer)
        return consumer

    async def ping(self) -> None:
        await self.announce(())

    async def close(self) -> None:
        self._closed = True
        for consumer in self._consumers:
            await consumer.close()

    def deliver_soon(self) -> None:
        """Never from within `want`, `ack` or `nack`: whoever calls them is not prepared for a message."""
        if self._delivery is None:
            self._delivery = asyncio.get_running_loop().call_soon(self._deliver)

    def pick(self, priorities: Sequence[int], queues: Collection[str]) -> tuple[Lane, Sequence[str]] | None:
        """The oldest message of the first lane that has one."""
        for priority in priorities:
            for queue in queues:
                if messages := self._messages.get(lane := Lane(queue, priority)):
                    return lane, messages.popleft()
        return None

    def put_back(self, lane: Lane, ids: Sequence[str]) -> None:
        self._messages[lane].appendleft(ids)
        self.deliver_soon()

    def _deliver(self) -> None:
        self._delivery = None
        for consumer in self._consumers:
            consumer.deliver()


class MemoryConsumer:
    def __init__(self, broker: MemoryBroker, queues: Collection[str], on_message: OnMessage) -> None:
        self._broker = broker
        self._queues = deque(queues)
        self._on_message = on_message
        self._order = PriorityOrder()
        self._wanted = 0
        self._open: dict[MemoryMessage, None] = {}
        """Delivered and not ended, in their order."""

    def serve(self, queues: Collection[str]) -> None:
        self._queues = deque(queues)
        self._broker.deliver_soon()

    def want(self, tickets: int) -> None:
        self._wanted = tickets
        self._broker.deliver_soon()

    async def close(self) -> None:
        self._wanted = 0
        self._queues.clear()
        for message in reversed(tuple(self._open)):
            message.nack()

    def deliver(self) -> None:
        while self._wanted > 0:
            self._queues.rotate(-1)  # so that no queue stands in the way of another
            picked = self._broker.pick(self._order.next(), self._queues)
            if picked is None:
                break
            message = MemoryMessage(self, *picked)
            self._open[message] = None
            self._wanted -= len(message.ids)
            self._on_message(message)

    def end(self, message: "MemoryMessage") -> bool:
        """Whether it was open; a consumer that is closed has given all back."""
        return self._open.pop(message, message) is None

    def put_back(self, message: "MemoryMessage") -> None:
        if self.end(message):
            self._broker.put_back(message.lane, message.ids)


class MemoryMessage:
    def __init__(self, consumer: MemoryConsumer, lane: Lane, ids: Sequence[str]) -> None:
        self._consumer = consumer
        self.lane = lane
        self.queue, self.priority = lane
        self.ids = ids

    def ack(self) -> None:
        self._consumer.end(self)

    def nack(self) -> None:
        self._consumer.put_back(self)
