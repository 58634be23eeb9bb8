"""Wakes whoever waits for a change, in any process on the same database: LISTEN and NOTIFY.

A ring only notes what was rung. One flush takes along all that was noted meanwhile, in a statement of its own, and the
next one follows a little later: a lone ring goes out at once, and a thousand cost no more than one.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Collection, Mapping, Sequence

from taskmill.core.errors import TaskmillError
from taskmill.stores.contract import ANY, Ear, Topic
from taskmill.stores.local_bell import LocalBell
from taskmill.stores.postgres.connection import Connection
from taskmill.stores.postgres.listener import Listener, channel
from taskmill.stores.postgres.pool import Pool
from taskmill.stores.postgres.statements import statement

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.001
LONGEST_PAUSE = 0.01
"""Seconds between two flushes: longer each time, as long as something is rung in every pause."""
PAYLOAD = 7_900
"""Bytes in one notification; the server takes less than 8000."""
PAYLOADS = 2
"""For one topic in one flush; in place of more, everybody is told to look at everything."""
PATIENCE = 1.0
"""Seconds that a ring waits until this process listens, if it is about to."""


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
        self._loop = None
        if self._flusher is not None:
            await self._flusher
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
        pause = FIRST_PAUSE
        try:
            while self._noted:
                await self._listener.settled(PATIENCE)
                noted, self._noted = self._noted, {}
                with contextlib.suppress(TaskmillError):  # best effort: whoever listens also looks
                    await self._pool.run(notify, noted)
                if self._loop is not None:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
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
