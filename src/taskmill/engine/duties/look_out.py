"""Duty: tasks that wait and that no live worker runs are told in the log, once for each queue and type."""

import logging
import time

from taskmill.engine.live.why import live_workers, unserved
from taskmill.stores.contract import Store

logger = logging.getLogger(__name__)

INTERVAL = 5.0
"""Seconds between two looks."""
COST = 50
"""A look counts all ready tasks: after one that took long, so many times as long is rested."""


class LookOut:
    name = "look out"
    wakes = False

    def __init__(self, store: Store, owner: str) -> None:
        self._store = store
        self._owner = owner
        self._seen: set[str] = set()
        """What the last look found."""
        self._logged: set[str] = set()

    async def step(self) -> float:
        """Tells what two looks found, for at the first the worker that is wanted may just be starting."""
        began = time.monotonic()
        alive = await live_workers(self._store)
        if not alive or min(row.id for row in alive) != self._owner:  # one of the workers is enough
            return INTERVAL
        paused = {row.name for row in await self._store.queues() if row.paused}
        waiting = [each for each in await self._store.waiting() if each.queue not in paused]
        found = {why for each in waiting if (why := unserved(alive, each.queue, each.task_type))}
        for why in sorted(found & self._seen - self._logged):
            logger.warning("tasks wait that nobody will run: %s", why)
        self._logged = found & (self._logged | self._seen)
        self._seen = found
        return max(INTERVAL, COST * (time.monotonic() - began))
