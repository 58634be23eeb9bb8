"""A worker's share of the tickets at Redis: it reads while somebody waits, and tidies up now and then.

What was delivered and never acknowledged, because a worker died or an answer was lost, is put in anew by the next
worker that tidies up.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Collection
from uuid import uuid4

from taskmill.brokers.contract import Delivery
from taskmill.brokers.packing import Line
from taskmill.brokers.redis.ending import end
from taskmill.brokers.redis.reader import BLOCK, Reader
from taskmill.brokers.redis.settling import Settling
from taskmill.brokers.redis.streams import GROUP, Entry, key_of, script
from taskmill.brokers.shelf import Pack, Shelf
from taskmill.core.locations import Location
from taskmill.core.task import Priority
from taskmill.wires.availability import Availability
from taskmill.wires.redis import FAILURES, RedisLimits, connect, reason

TIDY = 5.0
"""Seconds between tidying up."""
IDLE = 3 * TIDY
"""Seconds after which an entry that nobody holds on to is put in anew."""
FIRST_REST = 0.05
LONGEST_REST = 2.0
"""Seconds between attempts while Redis is away."""
FAREWELL = 2.0


class RedisIntake:
    def __init__(self, location: Location, presence: Availability, queues: Collection[str], capacity: int) -> None:
        self._presence = presence
        self._client = connect(location, RedisLimits(answer_seconds=BLOCK + 3.0))
        self._release = self._client.register_script(script("release"))
        self._name = f"worker-{uuid4()}"
        self._shelf = Shelf(self, capacity)
        self._mine: set[Entry] = set()
        """Entries that are here or handed out."""
        self._settling = Settling(self._client, self._settled, self._trouble)
        self._reader = Reader(self._client, self._name, self._receive)
        self._served: frozenset[str] = frozenset()
        self.serve(queues)
        loop = asyncio.get_running_loop()
        self._keepers = [loop.create_task(self._for_ever(step)) for step in (self._reader.step, self._tidy)]

    def serve(self, queues: Collection[str]) -> None:
        before, self._served = self._served, frozenset(queues)
        self._shelf.give_back(before - self._served)
        self._reader.serve(queues)

    async def take(self, limit: int) -> list[Delivery]:
        return await self._shelf.take(limit)

    async def close(self) -> None:
        self._shelf.close()
        await end(*self._keepers)
        with contextlib.suppress(*FAILURES):
            async with asyncio.timeout(FAREWELL):
                await self._settling.close()
                await self._put_anew(0.0, self._name)
        await self._client.aclose()

    def want(self, room: int) -> None:
        self._reader.want(room)

    def rest(self) -> None:
        self._reader.rest()

    def finish(self, pack: Pack[Entry]) -> None:
        self._mine.discard(pack.handle)
        self._settling.end(pack.handle)

    def give_back(self, pack: Pack[Entry], ids: list[str]) -> None:
        self._settling.give_back(pack, ids)

    def _receive(self, line: Line, entry: Entry, ids: list[str]) -> bool:
        """Whether somebody can take of it."""
        if not ids:
            self._settling.end(entry)
            return self._shelf.stocked
        self._mine.add(entry)
        self._shelf.put(Pack(line, ids, entry))
        return self._shelf.stocked

    def _settled(self, pack: Pack[Entry], *, kept: bool) -> None:
        """Of what went back: Redis has it again. If not, the entry is let go, and found when somebody tidies up."""
        if kept:
            self._shelf.gone(pack)
        else:
            self._mine.discard(pack.handle)

    async def _for_ever(self, step: Callable[[], Awaitable[None]]) -> None:
        rest = FIRST_REST
        while True:
            try:
                await step()
            except FAILURES as error:
                self._trouble(error)
                await asyncio.sleep(rest * random.uniform(0.5, 1.0))
                rest = min(LONGEST_REST, 2 * rest)
            else:
                self._presence.back()
                rest = FIRST_REST

    def _trouble(self, error: BaseException) -> None:
        self._presence.away(reason(error))

    async def _tidy(self) -> None:
        await asyncio.sleep(TIDY * random.uniform(0.8, 1.2))
        for entry in tuple(self._mine):
            await self._client.xclaim(entry.key, GROUP, self._name, 0, [entry.id], justid=True)
        await self._put_anew(IDLE, "")
        self._settling.wake()

    async def _put_anew(self, idle: float, name: str) -> None:
        keys = [key_of(Line(queue, priority)) for queue in self._served for priority in Priority]
        if keys:
            await self._release(keys=keys, args=[GROUP, round(idle * 1000), name])
