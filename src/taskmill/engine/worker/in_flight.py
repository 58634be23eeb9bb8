"""The claims of a worker, from the claim until its end is saved: their signs of life, progress and changes."""

import asyncio
import logging
import threading
from collections.abc import Iterable

from taskmill.core.errors import StoreError
from taskmill.core.state import State
from taskmill.core.task import SECOND, Claim, Head, Task
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.run import Run
from taskmill.stores.contract import ANY, Beat, Store

logger = logging.getLogger(__name__)


class InFlight:
    def __init__(self, store: Store, owner: str) -> None:
        self._store = store
        self._owner = owner
        self._runs: dict[str, Run] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, run: Run) -> bool:
        return self._runs.get(run.task.id) is run

    def add(self, run: Run) -> None:
        self._runs[run.task.id] = run

    def drop(self, run: Run) -> None:
        """The same task may be in flight again already, by a later claim."""
        if self._runs.get(run.task.id) is run:
            del self._runs[run.task.id]

    def beats(self) -> list[Beat]:
        """Signs of life for all of them; safe to call from another thread."""
        return [_beat(run) for run in list(self._runs.values())]

    async def check(self, ids: Iterable[str]) -> None:
        """Somebody changed these tasks: stop what was cancelled or is not ours any more.

        Of an attempt that has ended, its own outcome may be the change.
        """
        asked = set(ids)
        mine = [id for id in self._runs if id in asked or ANY in asked]
        tasks = await self._store.get(mine) if mine else {}
        for id in mine:
            run = self._runs.get(id)
            if run is not None and not run.ended and self._changed(run, tasks.get(id)):
                run.stop()

    def renew(self, run: Run, task: Task | None) -> bool:
        """Whether the claim still stands; if so the run goes on with the newer head.

        The one change that leaves a claim standing is the request to cancel: exactly one version more.
        """
        if task is None or not _asked_to_stop(run.claim.head, task.head, self._owner):
            return False
        run.claim = Claim(task.spec, task.head)
        return True

    def _changed(self, run: Run, task: Task | None) -> bool:
        if task is not None and task.head.version == run.claim.head.version:
            return False
        if not self.renew(run, task):
            logger.warning("task %s is not held by this worker any more; stopping its attempt", run.task.id)
        return True


class ProgressWriter:
    """Writes the progress of running attempts to the store soon after they reported it, several at once."""

    def __init__(self, notifier: Notifier, in_flight: InFlight, owner: str, lease: float, delay: float) -> None:
        """`delay`: seconds between two writes; a handler may report as often as it likes."""
        self._notifier = notifier
        self._in_flight = in_flight
        self._owner = owner
        self._lease = round(lease * SECOND)
        self._delay = delay
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._reported: set[Run] = set()
        self._news = asyncio.Event()

    def note(self, run: Run) -> None:
        """A run has new progress; may be called from any thread."""
        with self._lock:
            known = len(self._reported)
            self._reported.add(run)
        if not known and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)

    async def write_forever(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(self._delay)
            self._news.clear()
            with self._lock:
                reported, self._reported = self._reported, set()
            try:
                await self._write([run for run in reported if run in self._in_flight])
            except StoreError as error:  # the next heartbeat brings it
                logger.warning("progress was not stored: %s", error)

    async def _write(self, runs: list[Run]) -> None:
        if runs:
            await self._notifier.store.extend(self._owner, [_beat(run) for run in runs], self._lease)
            self._notifier.progressed([(*run.claim, run.latest_progress) for run in runs])


def _beat(run: Run) -> Beat:
    return Beat(run.task.id, run.claim.head.version, run.latest_progress)


def _asked_to_stop(ours: Head, now: Head, owner: str) -> bool:
    return (
        now.state is State.RUNNING
        and now.cancel
        and now.lease_owner == owner
        and now.version == ours.version + 1
        and now.started_at == ours.started_at
    )
