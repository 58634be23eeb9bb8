"""Wakes whoever waits for a change, in any process on the same database: LISTEN and NOTIFY.

One connection of a store listens: made when the first ear is opened, made anew when it breaks, and then all ears are
told to look at everything, since they may have missed something. Behind a pooler that shares a session among many
nobody hears anything: who listens also looks, only less often.

A ring only notes what was rung. One flush takes along all that was noted meanwhile, in a statement of its own, and the
next one follows a little later: a lone ring goes out at once, and a thousand cost no more than one.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Collection, Mapping, Sequence

import asyncpg

from taskmill.core.errors import TaskmillError
from taskmill.stores.contract import ANY, Ear, Topic
from taskmill.stores.local_bell import LocalBell
from taskmill.stores.postgres.database import Connection, Pool, is_pooled
from taskmill.stores.postgres.statements import statement

logger = logging.getLogger(__name__)

PREFIX = "taskmill_"
"""Of the channels, one for each topic."""
PAYLOAD = 7_900
"""Bytes in one notification; the server takes less than 8000."""
PAYLOADS = 2
"""For one topic in one flush; in place of more, everybody is told to look at everything."""
BROKEN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TaskmillError)


class PostgresBell:
    """For one event loop."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._local = LocalBell()
        self._listener = Listener(pool, self._local)
        self._noted: dict[Topic, dict[str, None]] = {}
        self._flusher: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None and self._noted and (self._flusher is None or self._flusher.done()):  # it was cancelled
            self._flusher = loop.create_task(self._flush())
        if self._flusher is not None:
            await asyncio.wait([self._flusher])
        await self._listener.close()

    def ring(self, topic: Topic, items: Collection[str]) -> None:
        if self._loop is None:
            return
        self._noted.setdefault(topic, {}).update(dict.fromkeys(items or (ANY,)))
        if self._flusher is None:
            self._flusher = self._loop.create_task(self._flush())

    def listen(self, *topics: Topic) -> Ear:
        if self._loop is not None:
            self._listener.want(self._loop, topics)
        return self._local.listen(*topics)

    async def _flush(self) -> None:
        timings = self._pool.timings
        pause = timings.first_notify_pause
        try:
            while self._noted:
                await self._listener.settled(timings.listen_timeout)
                noted, self._noted = self._noted, {}
                with contextlib.suppress(TaskmillError):  # best effort: whoever listens also looks
                    await self._pool.run(notify, noted)
                if self._loop is not None:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, timings.longest_notify_pause)
        finally:
            self._flusher = None


async def notify(db: Connection, noted: Mapping[Topic, Collection[str]]) -> None:
    """In a caller's transaction, it is delivered when that commits."""
    rung = [(channel(topic), payload) for topic, items in noted.items() for payload in payloads(list(items))]
    await db.execute(statement("ring"), [name for name, _ in rung], [payload for _, payload in rung])


def payloads(items: Sequence[str]) -> list[str]:
    for parts in range(1, PAYLOADS + 1):
        size = -(-len(items) // parts)
        packed = [_packed(items[start : start + size]) for start in range(0, len(items), size)]
        if all(len(text.encode()) <= PAYLOAD for text in packed):
            return packed
    return [_packed([ANY])]


def _packed(items: Sequence[str]) -> str:
    return json.dumps(items, ensure_ascii=False, separators=(",", ":"))


def channel(topic: Topic) -> str:
    return PREFIX + topic


class Listener:
    def __init__(self, pool: Pool, heard: LocalBell) -> None:
        self._pool = pool
        self._heard = heard
        self._wanted: dict[Topic, None] = {}
        self._settled = asyncio.Event()
        """Everything that is wanted is heard."""
        self._settled.set()
        self._news = asyncio.Event()
        """Something more is wanted, or the connection is gone."""
        self._missed = False
        """Whether rings may have been missed since the last connection broke."""
        self._deaf = False
        """Whether it was logged that nothing is heard."""
        self._task: asyncio.Task[None] | None = None

    def want(self, loop: asyncio.AbstractEventLoop, topics: Collection[Topic]) -> None:
        new = [topic for topic in topics if topic not in self._wanted]
        if new:
            self._wanted.update(dict.fromkeys(new))
            self._settled.clear()
            self._news.set()
        if self._task is None:
            self._task = loop.create_task(self._live())

    async def settled(self, timeout: float) -> None:
        """Until all that is wanted is heard, or it seems that it cannot be."""
        if not self._settled.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), timeout)

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        self._wanted.clear()
        self._settled.set()

    async def _live(self) -> None:
        first, longest = self._pool.timings.first_listen_pause, self._pool.timings.longest_listen_pause
        pause = first
        while True:
            began = time.monotonic()
            try:
                if not await self._hear_until_it_breaks():
                    return
            except BROKEN as error:
                if not self._deaf:
                    self._deaf = True
                    logger.info("nothing is heard from other processes for now: %s", error)
            finally:
                self._settled.set()
            pause = first if time.monotonic() - began > longest else min(pause * 2, longest)
            await asyncio.sleep(pause)

    async def _hear_until_it_breaks(self) -> bool:
        """False: nothing can be heard here at all."""
        connection = await self._pool.connect()
        try:
            if is_pooled(connection):
                logger.info("%s is reached through a pooler: changes are looked for, not heard", self._pool.location)
                return False
            connection.add_termination_listener(lambda _: self._news.set())
            await self._hear(connection)
        finally:
            connection.terminate()
            self._missed = True
        return True

    async def _hear(self, connection: asyncpg.Connection) -> None:
        interval, left_at = self._pool.timings.check_interval, self._pool.left_at
        listening: set[Topic] = set()
        while not connection.is_closed() and self._pool.left_at == left_at:
            self._news.clear()
            for topic in self._wanted.keys() - listening:
                await connection.add_listener(channel(topic), self._ring)
                listening.add(topic)
            self._settled.set()
            self._deaf = False
            self._tell_missed()
            try:
                await asyncio.wait_for(self._news.wait(), interval)
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=interval)

    def _tell_missed(self) -> None:
        if self._missed:
            self._missed = False
            for topic in self._wanted:
                self._heard.ring(topic, (ANY,))

    def _ring(self, _connection: object, _pid: int, name: str, payload: object) -> None:
        topic = next((topic for topic in self._wanted if channel(topic) == name), None)
        items = _items(str(payload))
        if topic is not None and items:
            self._heard.ring(topic, items)


def _items(payload: str) -> list[str]:
    """Nothing, if it is somebody else's."""
    try:
        found = json.loads(payload)
    except ValueError:
        return []
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
