"""Waiting until a task is final: woken by the store's bell, with a slow look as the net for what it missed."""

import asyncio
import time
from collections.abc import Iterable

from taskmill.core.errors import NotFound, ResultTimeout
from taskmill.core.state import FINAL
from taskmill.core.task import Task
from taskmill.stores.contract import Ear, Store

FIRST_LOOK = 0.25
SLOWEST_LOOK = 1.0
LINGER = 2.0
"""Seconds that an event loop goes on listening when nobody waits."""


async def until_final(store: Store, id: str, timeout: float | None) -> Task:
    """For one waiter with a thread of its own. Raises NotFound, ResultTimeout."""
    task = await look(store, id)
    if task.head.state in FINAL:
        return task
    ear = store.bell.listen("final")
    try:
        return await _listening(store, id, ear, timeout)
    finally:
        ear.close()


async def look(store: Store, id: str) -> Task:
    """The task as it is now. Raises NotFound."""
    task = (await store.get([id])).get(id)
    if task is None:
        raise missing(id)
    return task


async def _listening(store: Store, id: str, ear: Ear, timeout: float | None) -> Task:
    end = None if timeout is None else time.monotonic() + timeout
    pause = FIRST_LOOK
    while (task := await look(store, id)).head.state not in FINAL:
        left = pause if end is None else min(pause, end - time.monotonic())
        if left <= 0:
            raise late(id, timeout)
        await _rung(ear, id, left)
        pause = min(pause * 2, SLOWEST_LOOK)
    return task


async def _rung(ear: Ear, id: str, timeout: float) -> None:
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        if ("final", id) in await ear.wait(left):
            return


class Watch:
    """One event loop's store, and all who wait on it: they share one Ear, and one read for many ids."""

    def __init__(self, store: Store) -> None:
        self.store = store
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
            self._fail((id,), missing(id))
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
        pause, looked, used = FIRST_LOOK, time.monotonic(), time.monotonic()
        while time.monotonic() - used < LINGER:
            rung = await ear.wait(max(0.0, looked + pause - time.monotonic()))
            woken = [id for _, id in rung if id in self._waiting]
            self._ask(woken)
            if time.monotonic() - looked >= pause:
                self._ask(self._waiting)
                looked, pause = time.monotonic(), min(pause * 2, SLOWEST_LOOK)
            if woken:
                pause = FIRST_LOOK
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


def missing(id: str) -> NotFound:
    return NotFound(f"no task {id}", hint="it was never stored here, or its retention is over")


def late(id: str, timeout: float | None) -> ResultTimeout:
    return ResultTimeout(f"no result of task {id} within {timeout:g} s; the task goes on", hint="is a worker running?")


def _expire(future: "asyncio.Future[Task]", id: str, timeout: float) -> None:
    if not future.done():
        future.set_exception(late(id, timeout))
