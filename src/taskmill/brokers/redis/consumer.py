"""A worker's messages from Redis: entries of streams, one stream for each queue and priority.

It reads while tickets are wanted, settles several messages at once, and tidies up now and then: what was delivered and
never acknowledged, because a worker died or an answer was lost, is put in anew by the next worker that tidies up.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from taskmill.brokers.contract import OnMessage
from taskmill.brokers.packing import ID_SIZE, VERSION, Garbage, Lane, PriorityOrder, unpack
from taskmill.brokers.redis.messages import FIELD, GROUP, Entry, RedisMessage, Settler, add_entry, key_of
from taskmill.core.locations import Location
from taskmill.core.task import Priority
from taskmill.wires.availability import Availability
from taskmill.wires.redis import FAILURES, RedisLimits, cancel_and_wait, connect, leave_replica, reason

logger = logging.getLogger(__name__)

DELETED = ("NOGROUP", "UNBLOCKED")
"""Errors that say that streams were deleted; the next fetch makes them again."""

Found = Sequence[tuple[str, bytes, bytes]]
"""Key of the stream, id of the entry, body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisTimings:
    """In seconds."""

    tidy_interval: float = 5.0
    idle: float = 15.0
    """After which an entry that no worker claims to have is put in anew. A few times the interval."""
    block: float = 5.0
    """For which Redis may keep a read that finds nothing."""
    answer: float = 3.0
    """For an answer to come, beyond that."""
    first_retry: float = 0.05
    longest_retry: float = 2.0
    """Between attempts while Redis is away."""
    close_timeout: float = 2.0


class RedisConsumer:
    def __init__(
        self,
        location: Location,
        availability: Availability,
        queues: Collection[str],
        on_message: OnMessage,
        timings: RedisTimings,
        clients: set[Redis],
    ) -> None:
        """`clients`: of this broker, to which its own is added."""
        self._availability = availability
        self._on_message = on_message
        self._timings = timings
        self._client = connect(location, RedisLimits(answer_seconds=timings.block + timings.answer))
        self._clients = clients
        clients.add(self._client)
        self._fetch_script = self._client.register_script(_script("fetch"))
        self._release_script = self._client.register_script(_script("release"))
        self._name = f"worker-{uuid4()}"
        self._settler = Settler(self._client, self._failed)
        self._queues: deque[str] = deque(queues)
        self._order = PriorityOrder()
        self._room = 0
        self._wanted = asyncio.Event()
        self._served = asyncio.Event()
        self._listening: asyncio.Task[Found] | None = None
        loop = asyncio.get_running_loop()
        self._keepers = [loop.create_task(self._for_ever(step)) for step in (self._read, self._tidy)]

    def serve(self, queues: Collection[str]) -> None:
        self._queues = deque(queues)
        self._served.set()
        if self._listening is not None:
            self._listening.cancel()  # an entry that comes in this moment is put in anew later

    def want(self, tickets: int) -> None:
        self._room = tickets
        if tickets:
            self._wanted.set()
        else:
            self._wanted.clear()

    async def close(self) -> None:
        await cancel_and_wait(*self._keepers)
        with contextlib.suppress(*FAILURES):
            async with asyncio.timeout(self._timings.close_timeout):
                await self._settler.close()
                await self._put_anew(0.0, self._name)
        self._clients.discard(self._client)
        await self._client.aclose()

    async def _for_ever(self, step: Callable[[], Awaitable[None]]) -> None:
        pause = self._timings.first_retry
        while True:
            began = time.monotonic()
            try:
                await step()
            except FAILURES as error:
                await self._failed(error, began)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
                pause = min(self._timings.longest_retry, 2 * pause)
            else:
                self._availability.back(wrote=False)
                pause = self._timings.first_retry

    async def _failed(self, error: BaseException, began: float) -> None:
        await leave_replica(error, *self._clients)
        self._availability.away(reason(error), began)

    # --- reading

    async def _read(self) -> None:
        """What is there at once, else Redis answers when something comes. Once each time that tickets are wanted."""
        await self._wanted.wait()
        if not self._queues:
            self._served.clear()
            await self._served.wait()
        lanes = self._lanes()
        found = await self._fetch(list(lanes)) or await self._listen(list(lanes))
        for key, id, body in found:
            self._deliver(lanes[key], Entry(key, id), body)

    def _lanes(self) -> Mapping[str, Lane]:
        """In the order in which they may go; each time another queue is the first."""
        self._queues.rotate(-1)
        lanes = (Lane(queue, priority) for priority in self._order.next() for queue in self._queues)
        return {key_of(lane): lane for lane in lanes}

    async def _fetch(self, keys: list[str]) -> Found:
        found = await self._fetch_script(keys=keys, args=[GROUP, self._name, self._room, len(VERSION), ID_SIZE])
        return [(keys[number - 1], id, body) for number, id, body in found]

    async def _listen(self, keys: list[str]) -> Found:
        """Empty when nothing came, or when other queues are served now."""
        listening = self._listening = asyncio.get_running_loop().create_task(self._next(keys))
        try:
            await asyncio.wait([listening])
        finally:
            self._listening = None
            await cancel_and_wait(listening)
        return [] if listening.cancelled() else listening.result()

    async def _next(self, keys: list[str]) -> Found:
        try:
            streams: Any = await self._client.xreadgroup(
                GROUP, self._name, dict.fromkeys(keys, ">"), count=1, block=round(self._timings.block * 1000)
            )
        except ResponseError as error:
            if not any(word in str(error) for word in DELETED):
                raise
            return []
        return [
            (key.decode(), id, fields.get(FIELD.encode(), b"")) for key, entries in streams for id, fields in entries
        ]

    def _deliver(self, lane: Lane, entry: Entry, body: bytes) -> None:
        try:
            ids = unpack(body)
        except Garbage as error:
            logger.warning("thrown away from queue %r at the broker: %s", lane.queue, error)
            self._settler.ack(entry)
            return
        self._wanted.clear()
        self._on_message(RedisMessage(lane, ids, entry, self._settler))

    # --- tidying up

    async def _tidy(self) -> None:
        await asyncio.sleep(self._timings.tidy_interval * random.uniform(0.8, 1.2))
        for entry in tuple(self._settler.unsettled):
            await self._client.xclaim(entry.key, GROUP, self._name, 0, [entry.id], justid=True)
        await self._put_anew(self._timings.idle, "")
        self._settler.wake()
        if self._availability.refuses_writes:
            probe = self._client.pipeline(transaction=True)
            add_entry(probe, f"taskmill:ping:{self._name}", b"").delete(f"taskmill:ping:{self._name}")
            await probe.execute()
            self._availability.back()

    async def _put_anew(self, idle: float, name: str) -> None:
        keys = [key_of(Lane(queue, priority)) for queue in self._queues for priority in Priority]
        if keys:
            await self._release_script(keys=keys, args=[GROUP, round(idle * 1000), name])


def _script(name: str) -> str:
    return (files(__package__) / f"{name}.lua").read_text(encoding="utf-8")
