"""The duties of one worker process, on an event loop in a thread of their own.

Their own loop, because a handler that blocks the worker's must not stop the heartbeat: a lease says that the
process lives. But a loop that is blocked for good must not look alive for ever, so its leases lapse after a while.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence

from taskmill.core.errors import StoreError
from taskmill.engine.duties.heartbeat import Heartbeat
from taskmill.engine.duties.loop import run_forever
from taskmill.engine.duties.promote import Promote
from taskmill.engine.duties.purge import Purge
from taskmill.engine.duties.reap import Reap
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.engine.worker.worker import Worker
from taskmill.stores.contract import Beat, WorkerRow

logger = logging.getLogger(__name__)

STALL = 60.0
"""Seconds the worker's event loop may be blocked before its leases are left to run out."""


class DutyThread(threading.Thread):
    """Made on the worker's event loop; `start()` to begin, `finish()` to end."""

    def __init__(
        self,
        make_notifier: Callable[[], Notifier],
        worker: Worker,
        row: Callable[[], WorkerRow],
        settings: WorkerSettings,
    ) -> None:
        """`make_mill` is called on the loop of the duties; its store is not open yet."""
        super().__init__(name="taskmill-duties", daemon=True)
        self._make_notifier = make_notifier
        self._worker = worker
        self._row = row
        self._settings = settings
        self._main = asyncio.get_running_loop()
        self._turned = time.monotonic()
        self._ready = threading.Event()
        self._beaten = asyncio.Event()
        self._ended: asyncio.Future[None] = self._main.create_future()

    async def first_beat(self) -> None:
        """Wait until the worker stands in the registry."""
        await self._beaten.wait()

    async def watch(self) -> None:
        """Raises as soon as the duties fail: without a heartbeat the worker must not go on."""
        await self._ended

    def run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            self._main.call_soon_threadsafe(self._fail, error)

    def finish(self) -> None:
        self._ready.wait()
        with contextlib.suppress(RuntimeError):  # its loop is closed: it failed
            self._loop.call_soon_threadsafe(self._ending.set)
        self.join()

    def _fail(self, error: BaseException) -> None:
        logger.error("the duties failed: %r", error)
        if not self._ended.done():
            self._ended.set_exception(RuntimeError(f"the duties failed: {error!r}"))

    async def _live(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        notifier = self._make_notifier()
        store = notifier.store
        try:
            await store.open()
            await run_forever(store, self._duties(notifier), self._ending)
            with contextlib.suppress(StoreError):  # its supervisor does it, once the store is back
                await store.drop_worker(self._worker.owner)
        finally:
            await store.close()

    def _duties(self, notifier: Notifier) -> list[Heartbeat | Promote | Reap | Purge]:
        settings, owner = self._settings, self._worker.owner
        return [
            Heartbeat(notifier.store, settings.lease, self._row, self._beats, self._changed, self._on_beat),
            Promote(notifier, settings.poll),
            Reap(notifier, owner, settings.lease),
            Purge(notifier.store, settings.retention),
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
