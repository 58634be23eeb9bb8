"""Waiting until tasks are final: on an event loop (ResultWaiter), and in a thread without one (ThreadWaiter).

Both are woken by the store's bell. As a ring may be missed, both also look at the store now and then.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

from taskmill.core.errors import StoreUnavailable
from taskmill.core.state import FINAL
from taskmill.core.task import Task
from taskmill.engine.live.lookup import get_task, not_found
from taskmill.stores.contract import ANY, Ear, Store

KEPT_EARS = 4
"""Ears of threads that are kept open for the next who wait."""


@dataclass(frozen=True, slots=True)
class WaitTimings:
    """Seconds."""

    first_look: float = 0.25
    """Until the first look at what is waited for; each later look takes twice as long to come."""
    slowest_look: float = 1.0
    """Between two looks at most."""
    after_ring: float = 0.02
    after_ring_each: float = 5e-5
    """From a ring to a look at all that are waited for, and what each of these adds: where many are rung at once, some
    rings are dropped."""
    idle_timeout: float = 2.0
    """An event loop goes on listening so long when nobody waits."""
    explain_after: float = 10.0
    """A handler that waits so long for a task that has not started says why: two heartbeats, and all is known."""


WAIT_TIMINGS = WaitTimings()
Waiters = dict[str, list["asyncio.Future[Task]"]]


class ResultWaiter:
    """For all who wait for tasks, or read single tasks, on one event loop.

    They share one ear, and one read for many ids: those asked for while a read is in flight go together in the next.
    """

    def __init__(self, store: Store, timings: WaitTimings = WAIT_TIMINGS) -> None:
        """May be made outside of the loop."""
        self._store = store
        self._timings = timings
        self._waiting: Waiters = {}
        """Who waits for a task to be final."""
        self._getting: Waiters = {}
        """Who waits for a task as it is now."""
        self._asked: set[str] = set()
        """Ids of the next read."""
        self._reader: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._stopped = False

    async def get(self, id: str) -> Task:
        """As it is now. Raises NotFound."""
        future: asyncio.Future[Task] = asyncio.get_running_loop().create_future()
        self._getting.setdefault(id, []).append(future)
        self._ask((id,))
        return await future

    async def until_final(self, id: str, timeout: float | None) -> Task:
        """Raises NotFound, and TimeoutError: it is not final after `timeout` seconds, or waiting has stopped."""
        if self._stopped:
            raise TimeoutError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Task] = loop.create_future()
        self._waiting.setdefault(id, []).append(future)
        if self._listener is None:
            # The ear is open before anybody looks at his task, so that no ring falls in between.
            self._listener = loop.create_task(self._listen(self._store.bell.listen("final")))
        self._ask((id,))
        timer = None if timeout is None else loop.call_later(timeout, _fail, [future], TimeoutError())
        try:
            return await future
        finally:
            if timer is not None:
                timer.cancel()
            self._leave(id, future)

    def stop(self) -> None:
        """Nobody waits any longer, now and from now on."""
        self._stopped = True
        self._fail_waiting(tuple(self._waiting), TimeoutError())

    async def close(self) -> None:
        """Whoever still waits gets StoreUnavailable."""
        self._fail_waiting(tuple(self._waiting), _closed())
        _fail_all(self._getting, _closed())
        running = [task for task in (self._reader, self._listener) if task is not None]
        for task in running:
            task.cancel()
        if running:
            await asyncio.gather(*running, return_exceptions=True)

    def _ask(self, ids: Iterable[str]) -> None:
        self._asked.update(ids)
        if self._reader is None and self._asked:
            self._reader = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        try:
            while self._asked:
                ids, self._asked = self._asked, set()
                getting, self._getting = self._getting, {}
                await self._read_once(ids, getting)
        finally:
            self._reader = None

    async def _read_once(self, ids: set[str], getting: Waiters) -> None:
        try:
            tasks = await self._store.get(list(ids))
        except asyncio.CancelledError:
            _fail_all(getting, _closed())
            raise
        except Exception as error:  # each who asked gets it
            _fail_all(getting, error)
            self._fail_waiting(ids, error)
            return
        for id in ids:
            self._deliver(id, tasks.get(id), getting.get(id, ()))

    def _deliver(self, id: str, task: Task | None, getting: "Iterable[asyncio.Future[Task]]") -> None:
        if task is None:
            _fail(getting, not_found(id))
            self._fail_waiting((id,), not_found(id))
            return
        _give(getting, task)
        if task.head.state in FINAL:
            _give(self._waiting.get(id, ()), task)

    async def _listen(self, ear: Ear) -> None:
        try:
            await self._listen_until_idle(ear)
        except Exception as error:  # nobody would be woken any more
            self._fail_waiting(tuple(self._waiting), error)
        finally:
            ear.close()
            self._listener = None

    async def _listen_until_idle(self, ear: Ear) -> None:
        timings, looked, used = self._timings, time.monotonic(), time.monotonic()
        pause = timings.first_look
        while time.monotonic() - used < timings.idle_timeout:
            rung = await ear.wait(max(0.0, looked + pause - time.monotonic()))
            rang_for_all = any(id == ANY for _, id in rung)
            woken = list(self._waiting) if rang_for_all else [id for _, id in rung if id in self._waiting]
            self._ask(woken)
            if time.monotonic() - looked >= pause:
                self._ask(self._waiting)
                looked, pause = time.monotonic(), min(pause * 2, timings.slowest_look)
            if woken:
                pause = timings.after_ring + timings.after_ring_each * len(self._waiting)
            if self._waiting:
                used = time.monotonic()

    def _fail_waiting(self, ids: Iterable[str], error: Exception) -> None:
        for id in ids:
            _fail(self._waiting.get(id, ()), error)

    def _leave(self, id: str, future: "asyncio.Future[Task]") -> None:
        others = self._waiting[id]
        others.remove(future)
        if not others:
            del self._waiting[id]


class ThreadWaiter:
    """For threads, each of which waits by itself, and for stores whose verbs never suspend.

    Each has an ear of its own, which is kept for the next who waits: to open one costs more than to wait.
    """

    def __init__(self, store: Store, timings: WaitTimings = WAIT_TIMINGS) -> None:
        self._store = store
        self._timings = timings
        self._ears: list[Ear] = []

    async def until_final(self, id: str, timeout: float | None) -> Task:
        """Raises NotFound, and TimeoutError: it is not final after `timeout` seconds."""
        task = await get_task(self._store, id)
        if task.head.state in FINAL:
            return task
        ear = await self._open_ear()
        try:
            return await self._listen(id, ear, timeout)
        finally:
            if len(self._ears) < KEPT_EARS:
                self._ears.append(ear)
            else:
                ear.close()

    def close(self) -> None:
        while self._ears:
            self._ears.pop().close()

    async def _open_ear(self) -> Ear:
        try:
            ear = self._ears.pop()
        except IndexError:
            return self._store.bell.listen("final")
        while await ear.wait(0):
            pass  # what was rung for others; a full ear would hear nothing new
        return ear

    async def _listen(self, id: str, ear: Ear, timeout: float | None) -> Task:
        end = None if timeout is None else time.monotonic() + timeout
        pause = self._timings.first_look
        while (task := await get_task(self._store, id)).head.state not in FINAL:
            left = pause if end is None else min(pause, end - time.monotonic())
            if left <= 0:
                raise TimeoutError
            await until_rung(ear, id, left)
            pause = min(pause * 2, self._timings.slowest_look)
        return task


async def until_rung(ear: Ear, id: str, timeout: float) -> None:
    """Until the bell rings for this task, or `timeout` seconds have passed."""
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        if any(item in (id, ANY) for _, item in await ear.wait(left)):
            return


def _closed() -> StoreUnavailable:
    return StoreUnavailable("the store was closed meanwhile")


def _give(futures: "Iterable[asyncio.Future[Task]]", task: Task) -> None:
    for future in futures:
        if not future.done():
            future.set_result(task)


def _fail(futures: "Iterable[asyncio.Future[Task]]", error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)


def _fail_all(waiters: Waiters, error: Exception) -> None:
    for futures in waiters.values():
        _fail(futures, error)
