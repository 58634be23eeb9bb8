"""The messages that Redis has, entries of the stream `taskmill:tickets:<queue>:<priority>`, and their settlement."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis

from taskmill.brokers.packing import Lane, pack
from taskmill.wires.redis import FAILURES

GROUP = "workers"
FIELD = "tickets"
LENGTH = 100_000
"""Messages of a stream, about; beyond, the oldest are dropped: it may be that nobody serves the queue."""


def key_of(lane: Lane) -> str:
    return f"taskmill:tickets:{lane.queue}:{lane.suffix}"


def add_entry(redis: Any, key: str, body: bytes) -> Any:
    return redis.xadd(key, {FIELD: body}, maxlen=LENGTH, approximate=True)


class Entry(NamedTuple):
    """One message in a stream."""

    key: str
    id: bytes


class RedisMessage:
    __slots__ = ("_settler", "entry", "ids", "priority", "queue")

    def __init__(self, lane: Lane, ids: Sequence[str], entry: Entry, settler: "Settler") -> None:
        self.queue, self.priority = lane
        self.ids = ids
        self.entry = entry
        self._settler = settler
        settler.unsettled.add(entry)

    def ack(self) -> None:
        self._settler.ack(self.entry)

    def nack(self) -> None:
        self._settler.nack(self)


class Settler:
    """Tells Redis what is acknowledged and what goes back, several messages at once."""

    def __init__(self, redis: Redis, on_failure: Callable[[BaseException, float], Awaitable[None]]) -> None:
        """`on_failure`: the error, and when that began which failed, in seconds of time.monotonic()."""
        self.unsettled: set[Entry] = set()
        """Of messages that are here."""
        self._redis = redis
        self._on_failure = on_failure
        self._acked: list[Entry] = []
        self._returned: list[RedisMessage] = []
        self._sender: asyncio.Task[None] | None = None

    def ack(self, entry: Entry) -> None:
        self.unsettled.discard(entry)
        self._acked.append(entry)
        self.wake()

    def nack(self, message: RedisMessage) -> None:
        self._returned.append(message)
        self.wake()

    def wake(self) -> None:
        """Try again what failed."""
        if self._sender is None and (self._acked or self._returned):
            self._sender = asyncio.get_running_loop().create_task(self._send_all())

    async def close(self) -> None:
        """Sends the rest."""
        if self._sender is not None:
            await self._sender

    async def _send_all(self) -> None:
        began = time.monotonic()
        try:
            while self._acked or self._returned:
                acked, self._acked = self._acked, []
                returned, self._returned = self._returned, []
                try:
                    await self._send(acked, returned)
                except BaseException:
                    self._acked = acked + self._acked
                    raise
                finally:  # what Redis may not have again is found when somebody tidies up
                    self.unsettled.difference_update(message.entry for message in returned)
        except FAILURES as error:
            await self._on_failure(error, began)
        finally:
            self._sender = None

    async def _send(self, acked: Sequence[Entry], returned: Sequence[RedisMessage]) -> None:
        commands = self._redis.pipeline(transaction=True)
        by_key: defaultdict[str, list[bytes]] = defaultdict(list)
        for key, id in [*acked, *(message.entry for message in returned)]:
            by_key[key].append(id)
        for key, ids in by_key.items():
            commands.xack(key, GROUP, *ids)
            commands.xdel(key, *ids)
        for message in returned:
            add_entry(commands, message.entry.key, pack(message.ids))
        await commands.execute()
