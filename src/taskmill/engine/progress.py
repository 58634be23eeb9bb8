"""Progress of running attempts, written to the store soon after it was told, several at once."""

import asyncio
import logging

from taskmill.core.errors import StoreError
from taskmill.core.task import SECOND
from taskmill.engine.held import beat
from taskmill.engine.run import Run
from taskmill.stores.contract import Store

logger = logging.getLogger(__name__)

DELAY = 0.25
"""Seconds; a handler may tell its progress as often as it likes."""


class Progress:
    def __init__(self, store: Store, owner: str, lease: float) -> None:
        self._store = store
        self._owner = owner
        self._lease = round(lease * SECOND)
        self._loop = asyncio.get_running_loop()
        self._told: set[Run] = set()
        self._writing: asyncio.Task[None] | None = None

    def note(self, run: Run) -> None:
        """A run has new progress; may be called from any thread."""
        if run not in self._told:
            self._told.add(run)
            self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        await asyncio.sleep(DELAY)
        self._writing = None
        told, self._told = self._told, set()
        beats = [beat(run) for run in told]
        try:
            await self._store.extend(self._owner, beats, self._lease)
        except StoreError as error:
            logger.warning("progress was not stored: %s", error)
        self._store.bell.ring("progress", [b.id for b in beats])
