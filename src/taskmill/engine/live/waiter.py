"""Waiting until tasks are final, and reading single tasks: for all who do so on one event loop.

They share one ear, and one read for many ids: those asked for while a read is in flight go together in the next.
"""

import asyncio
import time
from collections.abc import Iterable

from taskmill.core.errors import NotFound, StoreUnavailable
from taskmill.core.state import FINAL
from taskmill.core.task import Task
from taskmill.stores.contract import ANY, Ear, Store

FIRST_LOOK = 0.25
SLOWEST_LOOK = 1.0
"""Seconds between looks at what is waited for: a ring may be missed."""
LINGER = 2.0
"""Seconds that an event loop goes on listening when nobody waits."""
QUICK_LOOK = 0.02
QUICK_LOOK_EACH = 5e-5
"""Seconds from a ring to a look at all that are waited for: where many are rung, some rings are dropped."""

Waiters = dict[str, list["asyncio.Future[Task]"]]


class ResultWaiter:
    """Make it anywhere, use it on one event loop. Without a loop, see sdk/results.py."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: Waiters = {}
        """Who wants a task once it is final."""
        self._looking: Waiters = {}
        """Who wants a task as it is now."""
        self._asked: set[str] = set()
        """What the next read is for."""
        self._reader: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._stopped = False

    async def get(self, id: str) -> Task:
        """As it is now. Raises NotFound."""
        future: asyncio.Future[Task] = asyncio.get_running_loop().create_future()
        self._looking.setdefault(id, []).append(future)
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
        _fail_all(self._looking, _closed())
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
                looking, self._looking = self._looking, {}
                await self._read_once(ids, looking)
        finally:
            self._reader = None

    async def _read_once(self, ids: set[str], looking: Waiters) -> None:
        try:
            tasks = await self._store.get(list(ids))
        except asyncio.CancelledError:
            _fail_all(looking, _closed())
            raise
        except Exception as error:  # each who asked gets it
            _fail_all(looking, error)
            self._fail_waiting(ids, error)
            return
        for id in ids:
            self._seen(id, tasks.get(id), looking.get(id, ()))

    def _seen(self, id: str, task: Task | None, looking: "Iterable[asyncio.Future[Task]]") -> None:
        if task is None:
            _fail(looking, missing(id))
            self._fail_waiting((id,), missing(id))
            return
        _give(looking, task)
        if task.head.state in FINAL:
            _give(self._waiting.get(id, ()), task)

    async def _listen(self, ear: Ear) -> None:
        try:
            await self._listening(ear)
        except Exception as error:  # nobody would be woken any more
            self._fail_waiting(tuple(self._waiting), error)
        finally:
            ear.close()
            self._listener = None

    async def _listening(self, ear: Ear) -> None:
        pause, looked, used = FIRST_LOOK, time.monotonic(), time.monotonic()
        while time.monotonic() - used < LINGER:
            rung = await ear.wait(max(0.0, looked + pause - time.monotonic()))
            rang_for_all = any(id == ANY for _, id in rung)
            woken = list(self._waiting) if rang_for_all else [id for _, id in rung if id in self._waiting]
            self._ask(woken)
            if time.monotonic() - looked >= pause:
                self._ask(self._waiting)
                looked, pause = time.monotonic(), min(pause * 2, SLOWEST_LOOK)
            if woken:
                pause = QUICK_LOOK + len(self._waiting) * QUICK_LOOK_EACH
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


def missing(id: str) -> NotFound:
    return NotFound(f"there is no task {id}", hint="it was never stored here, or its retention is over")


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
