"""Waiting for results on an event loop."""

import asyncio
import functools
import time
from collections.abc import Iterable

from taskmill.core.state import FINAL
from taskmill.core.task import Task
from taskmill.engine.enqueue import enqueue
from taskmill.engine.gather import Gathered
from taskmill.sdk import results
from taskmill.stores.contract import Ear, Store

LINGER = 2.0
"""Seconds that an event loop goes on listening when nobody waits."""
QUICK_LOOK = 0.02
QUICK_LOOK_EACH = 5e-5
"""Seconds from a ring to a look at all that are waited for: where many are rung, some rings are dropped."""


class LoopWatch:
    """One event loop's store, and all who wait on it: they share one Ear, and one read for many ids."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.gathered = Gathered(functools.partial(enqueue, store))
        self.open = False
        """Whether the store was opened."""
        self._waiting: dict[str, list[asyncio.Future[Task]]] = {}
        self._asked: set[str] = set()
        self._reader: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None

    async def until_final(self, id: str, timeout: float | None) -> Task:
        """Raises NotFound, ResultTimeout."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Task] = loop.create_future()
        self._waiting.setdefault(id, []).append(future)
        if self._listener is None:
            self._listener = loop.create_task(self._listen(self.store.bell.listen("final")))
        self._ask((id,))
        timer = None if timeout is None else loop.call_later(timeout, _expire, future, id, timeout)
        try:
            return await future
        finally:
            if timer is not None:
                timer.cancel()
            self._leave(id, future)

    async def close(self) -> None:
        running = [task for task in (self._reader, self._listener) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.store.close()

    def _ask(self, ids: Iterable[str]) -> None:
        self._asked.update(ids)
        if self._reader is None and self._asked:
            self._reader = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        try:
            while self._asked:
                ids, self._asked = self._asked, set()
                await self._read_once(ids)
        finally:
            self._reader = None

    async def _read_once(self, ids: set[str]) -> None:
        try:
            tasks = await self.store.get(list(ids))
        except Exception as error:  # each waiter gets it
            self._fail(ids, error)
            return
        for id in ids:
            self._seen(id, tasks.get(id))

    def _seen(self, id: str, task: Task | None) -> None:
        if task is None:
            self._fail((id,), results.missing(id))
        elif task.head.state in FINAL:
            for future in self._waiting.get(id, ()):
                if not future.done():
                    future.set_result(task)

    async def _listen(self, ear: Ear) -> None:
        try:
            await self._listening(ear)
        except Exception as error:  # nobody would be woken any more
            self._fail(tuple(self._waiting), error)
        finally:
            ear.close()
            self._listener = None

    async def _listening(self, ear: Ear) -> None:
        pause, looked, used = results.FIRST_LOOK, time.monotonic(), time.monotonic()
        while time.monotonic() - used < LINGER:
            rung = await ear.wait(max(0.0, looked + pause - time.monotonic()))
            woken = [id for _, id in rung if id in self._waiting]
            self._ask(woken)
            if time.monotonic() - looked >= pause:
                self._ask(self._waiting)
                looked, pause = time.monotonic(), min(pause * 2, results.SLOWEST_LOOK)
            if woken:
                pause = QUICK_LOOK + len(self._waiting) * QUICK_LOOK_EACH
            if self._waiting:
                used = time.monotonic()

    def _fail(self, ids: Iterable[str], error: Exception) -> None:
        for id in ids:
            for future in self._waiting.get(id, ()):
                if not future.done():
                    future.set_exception(error)

    def _leave(self, id: str, future: "asyncio.Future[Task]") -> None:
        others = self._waiting[id]
        others.remove(future)
        if not others:
            del self._waiting[id]


def _expire(future: "asyncio.Future[Task]", id: str, timeout: float) -> None:
    if not future.done():
        future.set_exception(results.late(id, timeout))
