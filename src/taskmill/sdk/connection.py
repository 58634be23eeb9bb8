"""An app's way to its store: one for synchronous code, one for asynchronous code, each opened at its first use."""

import asyncio
import os
import threading
import weakref
from collections.abc import Sequence
from typing import Literal

from taskmill.engine.enqueue import Enqueued, Request, enqueue
from taskmill.sdk.results import Watch
from taskmill.sdk.sync import run
from taskmill.stores.contract import Store
from taskmill.stores.open import open_store

Durability = Literal["power", "process"]


class Connection:
    def __init__(self, url: str, durability: Durability) -> None:
        self._url = url
        self._durability: Durability = durability
        self._shared = open_store(url) if url.startswith("memory:") else None
        """A store that lives in one object serves both."""
        self._lock = threading.Lock()
        self._sync: Store | None = None
        self._async: Store | None = None
        self._opening: Store | None = None
        self._watches: dict[asyncio.AbstractEventLoop, Watch] = {}
        _connections.add(self)

    def sync(self) -> Store:
        """Its verbs never suspend."""
        return self._sync or self._open_sync()

    async def asynchronous(self) -> Store:
        """Its verbs run beside the event loop, and concurrent single ones share one commit."""
        if self._async is None:
            with self._lock:
                self._opening = self._opening or self._make(threaded=True)
            await self._opening.open()
            self._async = self._opening
        return self._async

    async def watch(self) -> Watch:
        """The waiting of the running event loop."""
        loop = asyncio.get_running_loop()
        found = self._watches.get(loop)
        if found is None:
            store = await self.asynchronous()
            self._watches = {old: watch for old, watch in self._watches.items() if not old.is_closed()}
            found = self._watches.setdefault(loop, Watch(store))
        return found

    def add(self, requests: Sequence[Request]) -> list[Enqueued]:
        return run(enqueue(self._sync or self._open_sync(), requests))

    async def aadd(self, requests: Sequence[Request]) -> list[Enqueued]:
        return await enqueue(self._async or await self.asynchronous(), requests)

    def close(self) -> None:
        with self._lock:
            store, self._sync = self._sync, None
        if store is not None:
            run(store.close())

    async def aclose(self) -> None:
        watch = self._watches.pop(asyncio.get_running_loop(), None)
        if watch is not None:
            await watch.close()
        with self._lock:
            store, self._async, self._opening = self._opening, None, None
        if store is not None:
            await store.close()
        self.close()

    def _open_sync(self) -> Store:
        with self._lock:
            if self._sync is None:
                store = self._make(threaded=False)
                run(store.open())
                self._sync = store
            return self._sync

    def _make(self, *, threaded: bool) -> Store:
        return self._shared or open_store(self._url, threaded=threaded, durability=self._durability)

    def forget(self) -> list[object]:
        """Start anew, with nothing open; returns what was."""
        before: list[object] = [self._sync, self._opening, self._watches]
        self._lock, self._watches = threading.Lock(), {}
        self._sync = self._async = self._opening = None
        return before


_connections: "weakref.WeakSet[Connection]" = weakref.WeakSet()
_left_behind: list[object] = []
"""What belongs to the parent process: to close it in the child could harm the parent's files."""


def _after_fork() -> None:
    _left_behind.extend([connection.forget() for connection in tuple(_connections)])


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
