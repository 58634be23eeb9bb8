"""The connection of an app in a sandbox."""

from collections.abc import Sequence
from typing import Protocol

from taskmill.core.errors import ResultTimeout
from taskmill.core.state import FINAL
from taskmill.core.task import Task
from taskmill.engine.client.enqueue import Enqueued, enqueue
from taskmill.sdk import results
from taskmill.sdk.backend import Backend, ConnectionSettings
from taskmill.sdk.connection import Connection
from taskmill.sdk.loop_watch import AsyncClient
from taskmill.sdk.results import SyncClient
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
        super().__init__(ConnectionSettings("memory://"))
        self.clock = clock.now
        self._opened = Backend(self._place, "thread", store)
        self._hooks = hooks

    def sync(self) -> SyncClient:
        return _SyncWatch(self._opened)

    async def here(self) -> AsyncClient:
        return _LoopWatch(self._opened)

    def add(self, tasks: Sequence[Task]) -> list[Enqueued]:
        made = run(enqueue(self._opened.notifier, tasks))
        self._hooks.stored([one.id for one in made if one.created])
        return made

    async def aadd(self, tasks: Sequence[Task]) -> list[Enqueued]:
        made = await enqueue(self._opened.notifier, tasks)
        await self._hooks.astored([one.id for one in made if one.created])
        return made

    def add_joined(self, connection: object, tasks: Sequence[Task]) -> list[Enqueued]:
        return self.add(tasks)

    async def aadd_joined(self, connection: object, tasks: Sequence[Task]) -> list[Enqueued]:
        return await self.aadd(tasks)


class _SyncWatch(SyncClient):
    async def until_final(self, id: str, timeout: float | None) -> Task:
        return await _final(self.store, id)


class _LoopWatch(AsyncClient):
    async def until_final(self, id: str, timeout: float | None) -> Task:
        return await _final(self.notifier.store, id)


async def _final(store: Store, id: str) -> Task:
    """Nothing runs beside the test, so there is nothing to wait for."""
    task = await results.look(store, id)
    if task.head.state not in FINAL:
        raise ResultTimeout(
            f"task {id} is {task.head.state}, and nothing runs in a sandbox by itself",
            hint="call drain(), after clock.advance() if the task is for later",
        )
    return task
