"""The clients of an app in a sandbox."""

from collections.abc import Sequence
from typing import Protocol

from taskmill.core.errors import ResultTimeout
from taskmill.core.state import FINAL
from taskmill.core.task import Task
from taskmill.engine.client.enqueue import Enqueued, enqueue
from taskmill.engine.live.lookup import get_task
from taskmill.sdk.backend import Backend, ConnectionSettings
from taskmill.sdk.clients import AsyncClient, Clients, SyncClient
from taskmill.stores.contract import Store
from taskmill.testing.clock import Clock


class Hooks(Protocol):
    """What happens when tasks were stored."""

    def stored(self, ids: list[str]) -> None: ...

    async def astored(self, ids: list[str]) -> None: ...


class SandboxClients(Clients):
    def __init__(self, store: Store, clock: Clock, hooks: Hooks) -> None:
        settings = ConnectionSettings("memory://")
        super().__init__(settings)
        self.clock = clock.now
        backend = Backend(settings, "thread", store)
        self._for_threads = SandboxSyncClient(backend, hooks)
        self._for_loops = SandboxAsyncClient(backend, hooks)

    def sync(self) -> SyncClient:
        return self._for_threads

    async def here(self) -> AsyncClient:
        return self._for_loops

    def enqueue_joined(self, connection: object, tasks: Sequence[Task]) -> list[Enqueued]:
        return self._for_threads.enqueue(tasks)

    async def aenqueue_joined(self, connection: object, tasks: Sequence[Task]) -> list[Enqueued]:
        return await self._for_loops.enqueue(tasks)


class SandboxSyncClient(SyncClient):
    def __init__(self, backend: Backend, hooks: Hooks) -> None:
        super().__init__(backend)
        self._hooks = hooks

    def enqueue(self, tasks: Sequence[Task]) -> list[Enqueued]:
        made = super().enqueue(tasks)
        self._hooks.stored([one.id for one in made if one.created])
        return made

    def wait(self, id: str, timeout: float | None) -> Task:
        return _final(self.get(id))


class SandboxAsyncClient(AsyncClient):
    def __init__(self, backend: Backend, hooks: Hooks) -> None:
        super().__init__(backend)
        self._hooks = hooks

    async def enqueue(self, tasks: Sequence[Task]) -> list[Enqueued]:
        made = await enqueue(self.backend.notifier, tasks)
        await self._hooks.astored([one.id for one in made if one.created])
        return made

    async def get(self, id: str) -> Task:
        """Without the reader that a loop shares: a sandbox may be used from several loops."""
        return await get_task(self.store, id)

    async def wait(self, id: str, timeout: float | None) -> Task:
        return _final(await self.get(id))


def _final(task: Task) -> Task:
    """Nothing runs beside the test, so there is nothing to wait for."""
    if task.head.state not in FINAL:
        raise ResultTimeout(
            f"task {task.spec.id} is {task.head.state}, and nothing runs in a sandbox by itself",
            hint="call drain(), after clock.advance() if the task is for later",
        )
    return task
