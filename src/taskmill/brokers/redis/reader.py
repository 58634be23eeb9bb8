"""Reads tickets from streams while they are wanted: what is there at once, else Redis answers when something comes."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import redis.asyncio as client
from redis.exceptions import ResponseError

from taskmill.brokers.packing import ID_SIZE, VERSION, Garbage, Line, unpack
from taskmill.brokers.redis.ending import end
from taskmill.brokers.redis.streams import FIELD, GROUP, Entry, key_of, script
from taskmill.brokers.turns import Turns

logger = logging.getLogger(__name__)

BLOCK = 5.0
"""Seconds for which Redis may keep a read that finds nothing."""
GONE = ("NOGROUP", "UNBLOCKED")
"""Errors that say that streams were deleted; the next fetch makes them again."""

Found = Sequence[tuple[str, bytes, bytes]]
"""Key of the stream, id of the entry, body."""


class Reader:
    """`receive` gets what came (no ids: garbage), and says whether somebody can take of it."""

    def __init__(self, redis: client.Redis, name: str, receive: Callable[[Line, Entry, list[str]], bool]) -> None:
        self._redis = redis
        self._name = name
        self._receive = receive
        self._script = redis.register_script(script("fetch"))
        self._queues: deque[str] = deque()
        self._turns = Turns()
        self._room = 0
        self._wanted = asyncio.Event()
        self._served = asyncio.Event()
        self._listening: asyncio.Task[Found] | None = None

    def serve(self, queues: Collection[str]) -> None:
        self._queues = deque(queues)
        self._served.set()
        if self._listening is not None:
            self._listening.cancel()  # an entry that comes in this moment is put in anew later

    def want(self, room: int) -> None:
        self._room = room
        self._wanted.set()

    def rest(self) -> None:
        self._wanted.clear()

    async def step(self) -> None:
        """Raises what Redis raises."""
        await self._wanted.wait()
        if not self._queues:
            self._served.clear()
            await self._served.wait()
        lines = self._lines()
        found = await self._fetch(list(lines)) or await self._listen(list(lines))
        for key, id, body in found:
            line = lines[key]
            if self._receive(line, Entry(key, id), _ids(line, body)):
                self._wanted.clear()

    def _lines(self) -> Mapping[str, Line]:
        """In the order in which they may go; each time another queue is the first."""
        self._queues.rotate(-1)
        lines = (Line(queue, priority) for priority in self._turns.next() for queue in self._queues)
        return {key_of(line): line for line in lines}

    async def _fetch(self, keys: list[str]) -> Found:
        found = await self._script(keys=keys, args=[GROUP, self._name, self._room, len(VERSION), ID_SIZE])
        return [(keys[number - 1], id, body) for number, id, body in found]

    async def _listen(self, keys: list[str]) -> Found:
        """Empty when nothing came, or when other queues are served now."""
        listening = self._listening = asyncio.get_running_loop().create_task(self._news(keys))
        try:
            await asyncio.wait([listening])
        finally:
            self._listening = None
            await end(listening)
        return [] if listening.cancelled() else listening.result()

    async def _news(self, keys: list[str]) -> Found:
        try:
            streams: Any = await self._redis.xreadgroup(
                GROUP, self._name, dict.fromkeys(keys, ">"), count=1, block=round(BLOCK * 1000)
            )
        except ResponseError as error:
            if not any(word in str(error) for word in GONE):
                raise
            return []
        return [
            (key.decode(), id, fields.get(FIELD.encode(), b"")) for key, entries in streams for id, fields in entries
        ]


def _ids(line: Line, body: bytes) -> list[str]:
    try:
        return unpack(body)
    except Garbage as error:
        logger.warning("thrown away from queue %r at the broker: %s", line.queue, error)
        return []
