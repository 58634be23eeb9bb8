"""The duties of one worker process, on an event loop in a thread of their own.

Their own loop, because a handler that blocks the worker's must not stop the heartbeat: a lease says that the
process lives. But a loop that is blocked for good must not look alive for ever, so its leases lapse after a while.

    worker's loop                            duties' loop, in this thread
    start()                              →   run(): its own store is opened, run_forever() steps the duties
    first_beat() returns                 ←   the heartbeat has written the worker's row
    worker.check(ids)                    ←   the heartbeat found claims that were lost or are to be cancelled
    wait_for_failure() raises            ←   the duties failed, and the worker must not go on
    finish()                             →   the loop stops, and the worker's row is dropped
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence

from taskmill.core.errors import StoreError
from taskmill.engine.duties.expire import Expire
from taskmill.engine.duties.heartbeat import Heartbeat
from taskmill.engine.duties.look_out import LookOut
from taskmill.engine.duties.loop import Duty, DutyTimings, run_forever
from taskmill.engine.duties.promote import Promote
from taskmill.engine.duties.purge import Purge
from taskmill.engine.duties.reap import Reap
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.engine.worker.worker import Worker
from taskmill.stores.contract import Beat, WorkerRow

logger = logging.getLogger(__name__)


class DutyThread(threading.Thread):
    """Made on the worker's event loop; `start()` to begin, `finish()` to end."""

    def __init__(
        self,
        make_notifier: Callable[[], Notifier],
        worker: Worker,
        row: Callable[[], WorkerRow],
        settings: WorkerSettings,
        timings: DutyTimings = DutyTimings(),  # noqa: B008
        on_beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`make_notifier` is called on the loop of the duties; its store is not open yet. `on_beat`: in the thread,
        each time that the heartbeat is stored."""
        super().__init__(name="taskmill-duties", daemon=True)
        self._make_notifier = make_notifier
        self._worker = worker
        self._row = row
        self._settings = settings
        self._timings = timings
        self._on_beat = on_beat
        self._worker_loop = asyncio.get_running_loop()
        self._worker_loop_ran_at = time.monotonic()
        self._first_beat = asyncio.Event()
        self._failure: asyncio.Future[None] = self._worker_loop.create_future()
        self._running = threading.Event()

    # On the worker's loop

    async def first_beat(self) -> None:
        """Wait until the worker stands in the registry."""
        await self._first_beat.wait()

    async def wait_for_failure(self) -> None:
        """Raises as soon as the duties fail: without a heartbeat the worker must not go on."""
        await self._failure

    def finish(self) -> None:
        self._running.wait()
        with contextlib.suppress(RuntimeError):  # its loop is closed: it failed
            self._loop.call_soon_threadsafe(self._end.set)
        self.join()

    def _fail(self, error: BaseException) -> None:
        logger.error("the duties failed: %r", error)
        if not self._failure.done():
            self._failure.set_exception(RuntimeError(f"the duties failed: {error!r}"))

    def _note_time(self) -> None:
        self._worker_loop_ran_at = time.monotonic()

    # In the thread

    def run(self) -> None:
        try:
            asyncio.run(self._run_duties())
        except BaseException as error:
            self._call_worker(self._fail, error)

    async def _run_duties(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._running.set()
        notifier = self._make_notifier()
        store = notifier.store
        try:
            await store.open()
            await run_forever(store, self._duties(notifier), self._end, self._timings)
            with contextlib.suppress(StoreError):  # its supervisor does it, once the store is back
                await store.drop_worker(self._worker.owner)
        finally:
            await store.close()

    def _duties(self, notifier: Notifier) -> list[Duty]:
        store, settings, timings = notifier.store, self._settings, self._timings
        return [
            Heartbeat(
                store,
                settings.lease,
                timings.longest_between_beats,
                self._row,
                self._claims,
                on_changed=lambda ids: self._call_worker(self._worker.check, ids),
                on_beat=self._beaten,
            ),
            Promote(notifier, settings.poll),
            Reap(notifier, self._worker.owner, settings.lease, settings.loss_limit),
            Purge(store, settings.retention, timings),
            Expire(notifier, settings.poll),
            LookOut(store, self._worker.owner),
        ]

    def _beaten(self) -> None:
        self._on_beat()
        self._call_worker(self._first_beat.set)

    def _claims(self) -> Sequence[Beat]:
        """Those to extend; none once the worker's loop has been blocked for too long."""
        blocked = time.monotonic() - self._worker_loop_ran_at
        self._call_worker(self._note_time)
        if blocked > self._settings.lease / 3 + self._timings.longest_blocked:
            logger.error("the event loop has been blocked for %.0f s by a handler; its leases run out", blocked)
            return []
        return self._worker.in_flight.beats()

    def _call_worker(self, call: Callable[..., None], *args: object) -> None:
        self._worker_loop.call_soon_threadsafe(call, *args)
