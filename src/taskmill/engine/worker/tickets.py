"""The tickets that a broker delivered to this worker, until their tasks are claimed.

Messages carry several tickets, and the rest of a message that was claimed in part must not wait here: a worker that
wants three keeps no hundred from others. So the buffer keeps few of each message, and gives back what nobody had room
for. A message that is given back whole is returned to the broker, a part of one is announced anew.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence

from taskmill.brokers.contract import Broker, TicketMessage
from taskmill.brokers.packing import MOST, Lane, PriorityOrder
from taskmill.core.errors import BrokerUnavailable
from taskmill.core.task import Priority, Ticket
from taskmill.engine.worker.settings import WorkerTimings

KEEP_FACTOR = 2
"""Of each message the worker keeps at most so many times the tickets that it lately had room for. With more, one worker
would collect all high tickets while another runs low ones."""
WANTED_DECAY = 0.9
"""When fewer tickets are wanted, the estimate of what is wanted falls to this share of itself each time."""


class Delivered:
    """A message that is not settled yet. `ids` are its tickets that wait here."""

    __slots__ = ("again", "ids", "message", "unsettled")

    def __init__(self, message: TicketMessage, ids: list[str], unsettled: int) -> None:
        self.message = message
        self.ids = ids
        self.unsettled = unsettled
        """How many of its tickets are here, being claimed, or being announced anew."""
        self.again = False
        """Whether it is to be delivered again, because its rest could not be announced."""

    def settle(self, count: int) -> None:
        self.unsettled -= count
        if not self.unsettled:
            if self.again:
                self.message.nack()
            else:
                self.message.ack()


class TicketBuffer:
    def __init__(
        self,
        broker: Broker,
        queues: Collection[str],
        capacity: int,
        poke: Callable[[], None],
        timings: WorkerTimings,
    ) -> None:
        """`capacity`: tickets to have at most. `poke` is called when there is something to claim."""
        self._announce = broker.announce
        self._capacity = capacity
        self._poke = poke
        self._timings = timings
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, deque[Delivered]] = {priority: deque() for priority in Priority}
        self._count = 0
        """Tickets that wait."""
        self._order = PriorityOrder()
        self.lane = Lane("", 0)
        """Of the tickets that were taken last."""
        self._claiming: list[tuple[Delivered, list[str]]] = []
        self._claiming_count = 0
        self._wanted = 0.0
        """How many tickets the worker had room for of late."""
        self._room = 0
        """How many more it has room for now."""
        self._asked = False
        """Whether tickets were wanted for that room, and none has come since."""
        self._fetching = False
        """Whether the consumer is to deliver at all."""
        self._room_at = 0.0
        """When there was room last."""
        self._sorting_until = 0.0
        """Tickets that come until then, after an idle time, were probably queued before; later ones are new."""
        self._sorting = False
        """Whether they wait for others."""
        self._timer: asyncio.TimerHandle | None = None
        self._announcing: set[asyncio.Task[None]] = set()
        self._queues = frozenset(queues)
        self._consumer = broker.consume(queues, self._put, self._forget)

    def __len__(self) -> int:
        return self._count

    # --- for the pump

    def take(self, room: int) -> list[str]:
        """Returns tickets of one lane, the most urgent one that has any; `claimed` or `failed` must follow.

        It asks the consumer for more only when it returns none: asking costs as much as the claim of a lone task."""
        room = min(room, self._capacity - self._claiming_count)
        if room <= 0:
            self._room, self._asked = 0, False
            self._watch()
            return []
        self._room, self._room_at = room, self._loop.time()
        if not self._count:
            if not self._asked:
                self._fetch()
            return []
        if self._sorting:
            return []
        waiting = next(some for priority in self._order.next() if (some := self._waiting[priority]))
        first = waiting[0].message
        self.lane = Lane(first.queue, first.priority)
        ids: list[str] = []
        while len(ids) < room and waiting and waiting[0].message.queue == first.queue:
            ids += self._take_from(waiting, room - len(ids))
        self._claiming_count += len(ids)
        self._room -= len(ids)
        return ids

    def claimed(self) -> None:
        """Whatever could be claimed for them was."""
        claiming, self._claiming, self._claiming_count = self._claiming, [], 0
        for delivered, ids in claiming:
            delivered.settle(len(ids))

    def failed(self) -> None:
        """Nothing is known of the claim, so they wait again."""
        claiming, self._claiming, self._claiming_count = self._claiming, [], 0
        for delivered, ids in reversed(claiming):
            if not delivered.ids:
                self._waiting[delivered.message.priority].appendleft(delivered)
            delivered.ids = ids + delivered.ids
            self._count += len(ids)
        self._watch()

    def serve(self, queues: Collection[str]) -> None:
        """From now on, tickets of these queues."""
        before, self._queues = self._queues, frozenset(queues)
        self._return_tickets(before - self._queues)
        self._consumer.serve(queues)

    async def close(self) -> None:
        """The broker gives to others what is not settled."""
        self._forget()
        if self._timer is not None:
            self._timer.cancel()
        for task in self._announcing:
            task.cancel()
        self._fetching = False
        await self._consumer.close()

    # --- for the consumer

    def _put(self, message: TicketMessage) -> None:
        size = len(message.ids)
        space = self._capacity - self._count - self._claiming_count
        kept = max(0, min(size, space, int(KEEP_FACTOR * self._wanted)))
        delivered = Delivered(message, list(message.ids[:kept]), size)
        if kept:
            self._waiting[message.priority].append(delivered)
            self._count += kept
            self._welcome(self._loop.time())
        if space < size:
            self._stop_fetching()
        if kept < size:
            self._send_back(delivered, message.ids[kept:])
        self._watch()

    def _welcome(self, now: float) -> None:
        """Tickets came. The first after a rest wait for others: low ones may come before high ones."""
        if self._room > 0:
            self._room_at = now
        self._asked = False
        if self._sorting_until:
            if now < self._sorting_until:
                self._sorting = True
                self._loop.call_later(self._timings.sorting_delay, self._sorted)
            self._sorting_until = 0.0
        if not self._sorting:
            self._poke()

    def _sorted(self) -> None:
        self._sorting = False
        self._poke()

    def _forget(self) -> None:
        """The broker delivers again what waits here."""
        for some in self._waiting.values():
            for delivered in some:
                delivered.ids = []
            some.clear()
        self._count = 0

    # --- inside

    def _fetch(self) -> None:
        self._asked = True
        self._wanted = max(self._room, WANTED_DECAY * self._wanted)
        if not self._fetching:
            self._fetching = True
            self._sorting_until = self._room_at + self._timings.sorting_window
        self._consumer.want(self._room)

    def _take_from(self, waiting: deque[Delivered], most: int) -> list[str]:
        """From the first message."""
        delivered = waiting[0]
        ids, delivered.ids = delivered.ids[:most], delivered.ids[most:]
        if not delivered.ids:
            waiting.popleft()
        self._count -= len(ids)
        self._claiming.append((delivered, ids))
        return ids

    def _watch(self) -> None:
        """Look after a while whether anybody has room for what is here, or on its way."""
        if self._timer is None and (self._fetching or self._count):
            self._timer = self._loop.call_later(self._timings.idle_timeout, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._room > 0 and not self._count:
            return
        left = self._room_at + self._timings.idle_timeout - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
            return
        self._stop_fetching()
        self._return_tickets()

    def _stop_fetching(self) -> None:
        if self._fetching:
            self._fetching = self._asked = False
            self._consumer.want(0)

    def _return_tickets(self, queues: Collection[str] | None = None) -> None:
        """All that waits; of these queues alone."""
        for priority, some in self._waiting.items():
            kept, gone = deque[Delivered](), list[Delivered]()
            for delivered in some:
                (gone if queues is None or delivered.message.queue in queues else kept).append(delivered)
            self._waiting[priority] = kept
            for delivered in gone:
                ids, delivered.ids = delivered.ids, []
                self._count -= len(ids)
                self._send_back(delivered, ids)

    def _send_back(self, delivered: Delivered, ids: Sequence[str]) -> None:
        if len(ids) == len(delivered.message.ids):
            delivered.message.nack()
            return
        task = self._loop.create_task(self._announce_remainder(delivered, ids))
        self._announcing.add(task)
        task.add_done_callback(self._announcing.discard)

    async def _announce_remainder(self, delivered: Delivered, ids: Sequence[str]) -> None:
        """In messages of a size that one worker wanted."""
        message = delivered.message
        tickets = [Ticket(id, message.queue, message.priority) for id in ids]
        try:
            await self._announce(tickets, min(MOST, len(message.ids) - len(ids)))
        except BrokerUnavailable:
            delivered.again = True
        delivered.settle(len(ids))
