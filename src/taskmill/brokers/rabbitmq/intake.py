"""A worker's share of the tickets at RabbitMQ: a tap for each line, a shelf for what came.

RabbitMQ counts messages, but a worker wants so many tickets: how many messages may come follows from how many tickets
they held and were wanted of late. More would wait here while another worker is idle, or has only lower ones left. While
nobody takes, the taps are off.
"""

import asyncio
import logging
from collections.abc import Collection

from taskmill.brokers.contract import Delivery
from taskmill.brokers.packing import MOST, Garbage, Line, unpack
from taskmill.brokers.rabbitmq.publisher import Publisher
from taskmill.brokers.rabbitmq.tap import Handle, Tap
from taskmill.brokers.shelf import Pack, Shelf
from taskmill.core.errors import BrokerUnavailable
from taskmill.core.locations import Location
from taskmill.core.task import Priority, Ticket
from taskmill.wires.amqp import Connection, Link, parameters
from taskmill.wires.availability import Availability

logger = logging.getLogger(__name__)

MOST_MESSAGES = 250
"""Unsettled, from one line."""
GUESS = 10.0
"""Tickets to a message, before any came."""
WEIGHT = 0.1


class RabbitIntake:
    def __init__(
        self,
        location: Location,
        publisher: Publisher,
        presence: Availability,
        queues: Collection[str],
        capacity: int,
    ) -> None:
        self._publisher = publisher
        self._presence = presence
        self._capacity = capacity
        self._shelf = Shelf(self, capacity)
        self._link = Link(parameters(location, "taskmill: takes"), presence, self._up, self._down)
        self._connection: Connection = None
        self._taps: dict[Line, Tap] = {}
        self._served: frozenset[str] = frozenset()
        self._flow = 0
        self._tickets_per_message = GUESS
        self._unsettled: set[Pack[Handle]] = set()
        self._returns: set[asyncio.Task[None]] = set()
        self.serve(queues)
        self._link.start()

    def serve(self, queues: Collection[str]) -> None:
        before, self._served = self._served, frozenset(queues)
        self._shelf.give_back(before - self._served)
        for queue in queues:
            for priority in Priority:
                self._add(Line(queue, priority))
        self._turn(self._flow)

    async def take(self, limit: int) -> list[Delivery]:
        return await self._shelf.take(limit)

    async def close(self) -> None:
        """RabbitMQ gives to others what is not settled when the connection ends."""
        self._shelf.close()
        for task in self._returns:
            task.cancel()
        await self._link.close()

    def want(self, room: int) -> None:
        flow = self._fitting()
        if not self._flow:
            self._shelf.fetching_again()
        if len(self._unsettled) >= self._flow:  # they hold fewer than was expected
            flow = max(flow, min(MOST_MESSAGES, 2 * len(self._unsettled)))
        if flow >= 2 * self._flow or 4 * flow <= self._flow:
            self._turn(flow)

    def rest(self) -> None:
        self._turn(0)

    def finish(self, pack: Pack[Handle]) -> None:
        self._unsettled.discard(pack)
        pack.handle.end()

    def give_back(self, pack: Pack[Handle], ids: list[str]) -> None:
        if len(ids) == pack.size:
            pack.handle.again = True
            self._shelf.gone(pack)
            return
        task = asyncio.get_running_loop().create_task(self._announce(pack, ids))
        self._returns.add(task)
        task.add_done_callback(self._returns.discard)

    async def _announce(self, pack: Pack[Handle], ids: list[str]) -> None:
        """The rest of a message, as messages of a size that one worker wanted."""
        queue, priority = pack.line
        tickets = [Ticket(id, queue, priority) for id in ids]
        try:
            await self._publisher.publish(tickets, min(MOST, pack.size - len(ids)))
        except BrokerUnavailable:
            pack.handle.again = True
        self._shelf.gone(pack)

    def _fitting(self) -> int:
        return max(1, min(MOST_MESSAGES, int(min(self._capacity / 2, self._shelf.share) / self._tickets_per_message)))

    def _add(self, line: Line) -> None:
        if line not in self._taps:
            self._taps[line] = Tap(line, self._presence, self._poured)
            if self._connection is not None:
                self._taps[line].connect(self._connection)

    def _turn(self, flow: int) -> None:
        self._flow = flow
        for line, tap in self._taps.items():
            tap.turn(flow if line.queue in self._served else 0)

    def _poured(self, line: Line, handle: Handle, body: bytes) -> None:
        try:
            ids = unpack(body)
        except Garbage as error:
            logger.warning("thrown away from queue %r at the broker: %s", line.queue, error)
            handle.end()
            return
        self._tickets_per_message += WEIGHT * (len(ids) - self._tickets_per_message)
        pack = Pack(line, ids, handle)
        self._unsettled.add(pack)
        self._shelf.put(pack)

    def _up(self, connection: Connection) -> None:
        self._connection = connection
        for tap in self._taps.values():
            tap.connect(connection)

    def _down(self, why: str) -> None:
        self._connection = None
        for tap in self._taps.values():
            tap.disconnect()
        self._unsettled.clear()
        self._shelf.forget()
