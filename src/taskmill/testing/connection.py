"""The connection of an app in a sandbox."""

from collections.abc import Sequence
from typing import Protocol

from taskmill.core.errors import ResultTimeout
from taskmill.core.state import FINAL
from taskmill.core.task import Task
from taskmill.engine.enqueue import Enqueued, Request, enqueue
from taskmill.sdk import results
from taskmill.sdk.connection import Connection
from taskmill.sdk.loop_watch import LoopWatch
from taskmill.sdk.mill import Opened, Place
from taskmill.sdk.results import SyncWatch
from taskmill.sdk.sync import run
from taskmill.stores.contract import Store
from taskmill.testing.clock import Clock

Ids = list[str]


class Hooks(Protocol):
    """What happens when tasks were stored."""

    def stored(self, ids: Ids) -> None: ...

    async def astored(self, ids: Ids) -> None: ...


class SandboxConnection(Connection):
    def __init__(self, store: Store, clock: Clock, hooks: Hooks) -> None:
        super().__init__(Place("memory://"))
        self.clock = clock.now
        self._opened = Opened(self._place, "thread", store)
        self._hooks = hooks

    def sync(self) -> SyncWatch:
        return _SyncWatch(self._opened)

    async def here(self) -> LoopWatch:
        return _LoopWatch(self._opened)

    def add(self, requests: Sequence[Request]) -> list[Enqueued]:
        made = run(enqueue(self._opened.mill, requests))
        self._hooks.stored([one.id for one in made if one.created])
        return made

    async def aadd(self, requests: Sequence[Request]) -> list[Enqueued]:
        made = await enqueue(self._opened.mill, requests)
        await self._hooks.astored([one.id for one in made if one.created])
        return made

    def add_joined(self, connection: object, requests: Sequence[Request]) -> list[Enqueued]:
        return self.add(requests)

    async def aadd_joined(self, connection: object, requests: Sequence[Request]) -> list[Enqueued]:
        return await self.aadd(requests)


class _SyncWatch(SyncWatch):
    async def until_final(self, id: str, timeout: float | None) -> Task:
        return await _final(self.store, id)


class _LoopWatch(LoopWatch):
    async def until_final(self, id: str, timeout: float | None) -> Task:
        return await _final(self.mill.store, id)


async def _final(store: Store, id: str) -> Task:
    """Nothing runs beside the test, so there is nothing to wait for."""
    task = await results.look(store, id)
    if task.head.state not in FINAL:
        raise ResultTimeout(
            f"task {id} is {task.head.state}, and nothing runs in a sandbox by itself",
            hint="call drain(), after clock.advance() if the task is for later",
        )
    return task
