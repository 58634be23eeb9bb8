"""Waiting until a task is final without an event loop: woken by the store's bell, with a slow look as the net."""

import time

from taskmill.core.errors import ResultTimeout
from taskmill.core.state import FINAL
from taskmill.core.task import Task
from taskmill.engine.live import waiter
from taskmill.engine.live.why import why_not_started
from taskmill.sdk.backend import Backend
from taskmill.stores.contract import ANY, Ear, Store

KEPT_EARS = 4


class SyncClient:
    """The mill of synchronous code, and the ears of those who wait on it, each in its own thread.

    An ear is kept for the next who waits: to open one costs more than to wait.
    """

    def __init__(self, opened: Backend) -> None:
        self.notifier = opened.notifier
        self.feed = opened.feed
        self.store = opened.store
        self._opened = opened
        self._ears: list[Ear] = []

    async def until_final(self, id: str, timeout: float | None) -> Task:
        """Raises NotFound, ResultTimeout."""
        task = await look(self.store, id)
        if task.head.state in FINAL:
            return task
        ear = await self._ear()
        try:
            return await self._listening(id, ear, timeout)
        finally:
            if len(self._ears) < KEPT_EARS:
                self._ears.append(ear)
            else:
                ear.close()

    async def close(self) -> None:
        while self._ears:
            self._ears.pop().close()
        await self._opened.close()

    async def _ear(self) -> Ear:
        try:
            ear = self._ears.pop()
        except IndexError:
            return self.store.bell.listen("final")
        while await ear.wait(0):
            pass  # what was rung for others; a full ear would hear nothing new
        return ear

    async def _listening(self, id: str, ear: Ear, timeout: float | None) -> Task:
        end = None if timeout is None else time.monotonic() + timeout
        pause = waiter.FIRST_LOOK
        while (task := await look(self.store, id)).head.state not in FINAL:
            left = pause if end is None else min(pause, end - time.monotonic())
            if left <= 0:
                raise await late(self.store, id, timeout)
            await rung(ear, id, left)
            pause = min(pause * 2, waiter.SLOWEST_LOOK)
        return task


async def rung(ear: Ear, id: str, timeout: float) -> None:
    """Until the ear hears of this task, or `timeout` seconds have passed."""
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        if any(item in (id, ANY) for _, item in await ear.wait(left)):
            return


async def look(store: Store, id: str) -> Task:
    """The task as it is now. Raises NotFound."""
    task = (await store.get([id])).get(id)
    if task is None:
        raise waiter.missing(id)
    return task


async def late(store: Store, id: str, timeout: float | None) -> ResultTimeout:
    task = await look(store, id)
    return ResultTimeout(
        f"no result of task {id} within {timeout:g} s: it is {task.head.state} in {store.place}; the task goes on",
        hint=await why_not_started(store, task),
    )
