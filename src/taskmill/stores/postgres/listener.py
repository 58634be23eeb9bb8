"""The one connection of a store that hears notifications, and what comes of them.

Made when the first ear is opened. When it breaks it is made anew, and all ears are told to look at everything, since
they may have missed something. Behind a pooler that shares a session among many nobody hears anything: who listens also
looks, only less often.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Collection

import asyncpg

from taskmill.core.errors import TaskmillError
from taskmill.stores.contract import ANY, Topic
from taskmill.stores.local_bell import LocalBell
from taskmill.stores.postgres.connection import is_pooled
from taskmill.stores.postgres.pool import Pool

logger = logging.getLogger(__name__)

PREFIX = "taskmill_"
CHECK = 4.0
"""Seconds of silence after which the connection is asked whether it still stands, and the time it has to answer."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
BROKEN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TaskmillError)


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
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                if not await self._hear_until_it_breaks():
                    return
            except BROKEN as error:
                logger.info("nothing is heard from other processes for now: %s", error)
            finally:
                self._settled.set()
            pause = FIRST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _hear_until_it_breaks(self) -> bool:
        """False: nothing can be heard here at all."""
        connection = await self._pool.connect()
        try:
            if is_pooled(connection):
                logger.info("%s is reached through a pooler: changes are looked for, not heard", self._pool.place)
                return False
            connection.add_termination_listener(lambda _: self._news.set())
            await self._hear(connection)
        finally:
            connection.terminate()
            self._missed = True
        return True

    async def _hear(self, connection: asyncpg.Connection) -> None:
        listening: set[Topic] = set()
        while not connection.is_closed():
            self._news.clear()
            for topic in self._wanted.keys() - listening:
                await connection.add_listener(channel(topic), self._ring)
                listening.add(topic)
            self._settled.set()
            self._tell_missed()
            try:
                await asyncio.wait_for(self._news.wait(), CHECK)
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=CHECK)

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
