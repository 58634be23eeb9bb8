"""What an intake got from its broker and has not handed out: messages of several tickets, which go out in parts.

A worker that wants three must not keep a hundred from others: the rest of a message goes back. So it does when nobody
takes for a while.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from typing import Generic, Protocol, TypeVar

from taskmill.brokers.contract import Delivery
from taskmill.brokers.packing import Line
from taskmill.brokers.turns import Turns
from taskmill.core.task import Priority, Ticket

HOLD = 0.1
"""Seconds for which tickets stay here though nobody takes."""
SORT = 0.01
"""Seconds for which the first tickets after a rest wait for others: low ones may come before high ones."""
PROMPT = 0.2
"""Seconds after a rest within which tickets come that were there; later ones are new, and need not wait."""
AHEAD = 2
"""Times what was wanted to keep of a message. With more, one worker holds all high ones while another runs low ones."""
FORGET = 0.9
"""The share of what was wanted once that counts when less is wanted now."""


H = TypeVar("H")


class Source(Protocol[H]):
    """The broker, as the shelf needs it. Nothing here raises or waits."""

    def want(self, room: int) -> None:
        """Somebody waits for so many tickets and nothing is here: fetch."""
        ...

    def rest(self) -> None:
        """Fetch nothing until somebody waits again."""
        ...

    def finish(self, pack: "Pack[H]") -> None:
        """All its tickets were handed out and ended, or went back on their own."""
        ...

    def give_back(self, pack: "Pack[H]", ids: list[str]) -> None:
        """These tickets of a message go to other workers; `Shelf.gone(pack)` must follow."""
        ...


class Pack(Generic[H]):
    """One message of the broker. `handle` is what the source needs to end it."""

    __slots__ = ("handle", "ids", "line", "open", "size")

    def __init__(self, line: Line, ids: list[str], handle: H) -> None:
        self.line = line
        self.ids = ids
        """Not handed out yet."""
        self.handle = handle
        self.size = len(ids)
        self.open = 0
        """Parts of it that are out."""


class Part(Generic[H]):
    """A Delivery."""

    __slots__ = ("_pack", "_shelf", "tickets")

    def __init__(self, shelf: "Shelf[H]", pack: Pack[H], ids: Sequence[str]) -> None:
        queue, priority = pack.line
        self.tickets: Sequence[Ticket] = [Ticket(id, queue, priority) for id in ids]
        self._shelf = shelf
        self._pack: Pack[H] | None = pack

    def done(self) -> None:
        pack, self._pack = self._pack, None
        if pack is not None:
            self._shelf.done(pack, len(self.tickets))

    def back(self) -> None:
        pack, self._pack = self._pack, None
        if pack is not None:
            self._shelf.back(pack, [ticket.id for ticket in self.tickets])


class Shelf(Generic[H]):
    def __init__(self, source: Source[H], capacity: int) -> None:
        self._source = source
        self._capacity = capacity
        self._packs: dict[int, deque[Pack[H]]] = {priority: deque() for priority in Priority}
        self._turns = Turns()
        self._held = 0
        """Tickets that are handed out."""
        self._waiting = 0
        self._wanted = 0.0
        """Tickets at once, of late."""
        self._hungry = 0
        """How many wait in `take` and have room."""
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._left_at = 0.0
        self._unsorted_until = 0.0
        """When the first ticket after a rest is no longer one of many that were there."""
        self._sorted_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def room(self) -> int:
        """For how many more tickets."""
        return self._capacity - self._held - self._waiting

    @property
    def share(self) -> int:
        """How many tickets to keep of one message."""
        return int(AHEAD * self._wanted)

    @property
    def stocked(self) -> bool:
        return self._waiting > 0

    async def take(self, limit: int) -> list[Delivery]:
        try:
            while not self._closed:
                room = min(limit, self._capacity - self._held)
                if room <= 0 or not self._waiting:
                    await self._wait(room)
                elif (early := self._sorted_at - self._loop.time()) > 0:
                    await self._sort(early)
                else:
                    return self._hand_out(room)
            return []
        finally:
            self._left()

    def fetching_again(self) -> None:
        """The source was at rest, and fetches now."""
        self._unsorted_until = self._loop.time() + PROMPT

    def put(self, pack: Pack[H]) -> None:
        """What goes beyond the capacity, or the share, goes back."""
        if self._unsorted_until:
            now = self._loop.time()
            self._sorted_at = now + SORT if now < self._unsorted_until else 0.0
            self._unsorted_until = 0.0
        full = self.room < len(pack.ids)
        kept = max(0, min(self.room, self.share))
        rest, pack.ids = pack.ids[kept:], pack.ids[:kept]
        if pack.ids:
            self._packs[pack.line.priority].append(pack)
            self._waiting += len(pack.ids)
            self._ring()
        if full:
            self._source.rest()
        if rest:
            self._send_back(pack, rest)
        if not self._hungry:
            self._left()

    def done(self, pack: Pack[H], count: int) -> None:
        self._release(count)
        self.gone(pack)

    def back(self, pack: Pack[H], ids: list[str]) -> None:
        self._release(len(ids))
        if self._closed:
            return
        self._source.give_back(pack, ids)

    def gone(self, pack: Pack[H]) -> None:
        """A part of it ended or is back."""
        pack.open -= 1
        if not pack.open and not pack.ids:
            self._source.finish(pack)

    def forget(self) -> None:
        """The connection is lost, and the broker delivers again what was here."""
        for packs in self._packs.values():
            packs.clear()
        self._waiting = 0

    def give_back(self, queues: Collection[str] | None = None) -> None:
        """All that was not handed out; of these queues alone."""
        for packs in self._packs.values():
            kept = [pack for pack in packs if queues is not None and pack.line.queue not in queues]
            gone = [pack for pack in packs if queues is None or pack.line.queue in queues]
            packs.clear()
            packs.extend(kept)
            for pack in gone:
                self._waiting -= len(pack.ids)
                rest, pack.ids = pack.ids, []
                self._send_back(pack, rest)

    def close(self) -> None:
        """Ends whoever waits. What is out can't be ended any more."""
        self._closed = True
        self._ring()
        if self._timer is not None:
            self._timer.cancel()

    def _hand_out(self, room: int) -> list[Delivery]:
        parts: list[Delivery] = []
        while room > 0 and self._waiting:
            pack = self._next()
            ids, pack.ids = pack.ids[:room], pack.ids[room:]
            if not pack.ids:
                self._packs[pack.line.priority].popleft()
            pack.open += 1
            room -= len(ids)
            self._held += len(ids)
            self._waiting -= len(ids)
            parts.append(Part(self, pack, ids))
        return parts

    def _next(self) -> Pack[H]:
        return next(self._packs[priority][0] for priority in self._turns.next() if self._packs[priority])

    async def _wait(self, room: int) -> None:
        hungry = int(room > 0)
        self._hungry += hungry
        if hungry:
            self._wanted = max(room, FORGET * self._wanted)
            self._source.want(room)
        else:
            self._left()
        try:
            await self._news.wait()
        finally:
            self._hungry -= hungry

    async def _sort(self, early: float) -> None:
        self._hungry += 1
        try:
            await asyncio.sleep(early)
        finally:
            self._hungry -= 1

    def _ring(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _release(self, count: int) -> None:
        if self._held >= self._capacity:
            self._ring()
        self._held -= count

    def _send_back(self, pack: Pack[H], ids: list[str]) -> None:
        pack.open += 1
        self._source.give_back(pack, ids)

    def _left(self) -> None:
        """Nobody takes for now."""
        self._left_at = self._loop.time()
        if self._timer is None and not self._closed:
            self._timer = self._loop.call_later(HOLD, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._hungry:
            return
        rest = self._left_at + HOLD - self._loop.time()
        if rest > 0:
            self._timer = self._loop.call_later(rest, self._look)
            return
        self._source.rest()
        self.give_back()
