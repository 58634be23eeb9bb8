"""An app's way to its mill: one for synchronous code, one for each event loop, opened at its first use."""

import asyncio
import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Sequence

from taskmill.core.task import Task
from taskmill.engine.client.enqueue import Enqueued, enqueue
from taskmill.portal import portal, portal_loop
from taskmill.sdk import joining
from taskmill.sdk.backend import Backend, ConnectionSettings
from taskmill.sdk.loop_watch import AsyncClient
from taskmill.sdk.results import SyncClient
from taskmill.sdk.sync import run
from taskmill.stores.clock import microseconds
from taskmill.stores.contract import Caller
from taskmill.stores.open import open_store


class Connection:
    def __init__(self, place: ConnectionSettings) -> None:
        self.clock: Callable[[], int] = microseconds
        """Microseconds since the Unix epoch: when a task was made."""
        self._place = place
        self._shared = open_store(place.store) if place.store.startswith("memory:") else None
        """A store that lives in one object serves all."""
        self._lock = threading.Lock()
        self._sync: SyncClient | None = None
        self._watches: dict[asyncio.AbstractEventLoop, AsyncClient] = {}
        _connections.add(self)

    def sync(self) -> SyncClient:
        """Its store's verbs never suspend."""
        return self._sync or self._open_sync()

    async def here(self) -> AsyncClient:
        """Of the running event loop; its store's verbs run beside it, and concurrent single ones share one commit."""
        loop = asyncio.get_running_loop()
        watch = self._watches.get(loop)
        if watch is None:
            await self._drop_ended()
            watch = self._watches.setdefault(loop, AsyncClient(self._make("loop")))
        if not watch.ready:
            await watch.open()
        return watch

    def add(self, tasks: Sequence[Task]) -> list[Enqueued]:
        return run(enqueue((self._sync or self._open_sync()).notifier, tasks))

    def aadd(self, tasks: Sequence[Task]) -> Awaitable[list[Enqueued]]:
        """Not a coroutine, because it is called for every task."""
        watch = self._watches.get(asyncio.get_running_loop())
        if watch is None or not watch.ready:
            return self._first(tasks)
        return watch.gathered.enqueue(tasks)

    def add_joined(self, connection: object, tasks: Sequence[Task]) -> list[Enqueued]:
        """In the transaction of the caller's own connection."""
        joining.refuse_unless_postgresql(self._place.store)
        joining.refuse_asynchronous(connection)
        return run(joining.enqueue_joined(self.sync().store, connection, tasks))

    async def aadd_joined(self, connection: object, tasks: Sequence[Task]) -> list[Enqueued]:
        joining.refuse_unless_postgresql(self._place.store)
        return await joining.enqueue_joined((await self.here()).notifier.store, connection, tasks)

    def close(self) -> None:
        with self._lock:
            watch, self._sync = self._sync, None
        if watch is not None:
            run(watch.close())
        loop = portal_loop()
        live = self._watches.pop(loop, None) if loop is not None else None
        if live is not None:
            portal().run(live.close())

    async def aclose(self) -> None:
        watch = self._watches.pop(asyncio.get_running_loop(), None)
        if watch is not None:
            await watch.close()
        await self._drop_ended()
        self.close()

    def forget(self) -> list[object]:
        """Start anew, with nothing open; returns what was."""
        before: list[object] = [self._sync, self._watches]
        self._lock, self._sync, self._watches = threading.Lock(), None, {}
        return before

    async def _first(self, tasks: Sequence[Task]) -> list[Enqueued]:
        watch = await self.here()
        return await watch.gathered.enqueue(tasks)

    def _open_sync(self) -> SyncClient:
        with self._lock:
            if self._sync is None:
                opened = self._make("thread")
                run(opened.open())
                self._sync = SyncClient(opened)
            return self._sync

    async def _drop_ended(self) -> None:
        for loop in [loop for loop in tuple(self._watches) if loop.is_closed()]:
            watch = self._watches.pop(loop, None)
            if watch is not None:
                await watch.close()

    def _make(self, caller: Caller) -> Backend:
        return Backend(self._place, caller, self._shared)


_connections: "weakref.WeakSet[Connection]" = weakref.WeakSet()
_left_behind: list[object] = []
"""What belongs to the parent process: to close it in the child could harm the parent's files."""


def _after_fork() -> None:
    _left_behind.extend([connection.forget() for connection in tuple(_connections)])


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
