"""Progress of running attempts, written to the store soon after it was told, several at once."""

import asyncio
import logging
import threading

from taskmill.core.errors import StoreError
from taskmill.core.task import SECOND
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.in_flight import InFlight, beat
from taskmill.engine.worker.run import Run

logger = logging.getLogger(__name__)

DELAY = 0.25
"""Seconds; a handler may tell its progress as often as it likes."""


class ProgressWriter:
    def __init__(self, notifier: Notifier, held: InFlight, owner: str, lease: float) -> None:
        self._notifier = notifier
        self._held = held
        self._owner = owner
        self._lease = round(lease * SECOND)
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._told: set[Run] = set()
        self._news = asyncio.Event()

    def note(self, run: Run) -> None:
        """A run has new progress; may be called from any thread."""
        with self._lock:
            known = len(self._told)
            self._told.add(run)
        if not known and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)

    async def write_forever(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(DELAY)
            self._news.clear()
            with self._lock:
                told, self._told = self._told, set()
            try:
                await self._write(told)
            except StoreError as error:  # the next heartbeat brings it
                logger.warning("progress was not stored: %s", error)

    async def _write(self, told: set[Run]) -> None:
        """What ended meanwhile has no progress any more."""
        held = [run for run in told if self._held.has(run)]
        if held:
            await self._notifier.store.extend(self._owner, [beat(run) for run in held], self._lease)
            self._notifier.progressed([(*run.claim, run.told) for run in held])
