"""The duties of one worker process, on an event loop in a thread of their own.

Their own loop, because a handler that blocks the worker's must not stop the heartbeat: a lease says that the
process lives. But a loop that is blocked for good must not look alive for ever, so its leases lapse after a while.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence

from taskmill.engine.heartbeat import Heartbeat
from taskmill.engine.loop import run_forever
from taskmill.engine.promote import Promote
from taskmill.engine.purge import Purge
from taskmill.engine.reap import Reap
from taskmill.engine.settings import WorkerSettings
from taskmill.engine.worker import Worker
from taskmill.stores.contract import Beat, Store, WorkerRow

logger = logging.getLogger(__name__)

STALL = 60.0
"""Seconds the worker's event loop may be blocked before its leases are left to run out."""


class Duties(threading.Thread):
    """Made on the worker's event loop; `start()` to begin, `finish()` to end."""

    def __init__(
        self, open_store: Callable[[], Store], worker: Worker, row: Callable[[], WorkerRow], settings: WorkerSettings
    ) -> None:
        super().__init__(name="taskmill-duties", daemon=True)
        self._open_store = open_store
        self._worker = worker
        self._row = row
        self._settings = settings
        self._main = asyncio.get_running_loop()
        self._turned = time.monotonic()
        self._ready = threading.Event()
        self._beaten = asyncio.Event()

    async def first_beat(self) -> None:
        """Wait until the worker stands in the registry."""
        await self._beaten.wait()

    def run(self) -> None:
        asyncio.run(self._live())

    def finish(self) -> None:
        self._ready.wait()
        self._loop.call_soon_threadsafe(self._ending.set)
        self.join()

    async def _live(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        store = self._open_store()
        try:
            await store.open()
            await run_forever(store, self._duties(store), self._ending)
            await store.drop_worker(self._worker.owner)
        finally:
            await store.close()

    def _duties(self, store: Store) -> list[Heartbeat | Promote | Reap | Purge]:
        settings, owner = self._settings, self._worker.owner
        return [
            Heartbeat(store, settings.lease, self._row, self._beats, self._changed, self._on_beat),
            Promote(store, settings.poll),
            Reap(store, owner, settings.lease),
            Purge(store, settings.retention),
        ]

    def _beats(self) -> list[Beat]:
        blocked = time.monotonic() - self._turned
        self._main.call_soon_threadsafe(self._turn)
        if blocked > self._settings.lease / 3 + STALL:
            logger.error("the event loop has been blocked for %.0f s by a handler; its leases run out", blocked)
            return []
        return self._worker.held.beats()

    def _on_beat(self) -> None:
        self._main.call_soon_threadsafe(self._beaten.set)

    def _turn(self) -> None:
        self._turned = time.monotonic()

    def _changed(self, ids: Sequence[str]) -> None:
        self._main.call_soon_threadsafe(self._worker.check, ids)
