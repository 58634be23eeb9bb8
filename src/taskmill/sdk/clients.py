"""The clients of an app: one for its threads, one for each event loop, opened at their first use."""

import asyncio
import contextlib
import logging
import os
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from typing import Any

from taskmill.core import times
from taskmill.core.errors import Conflict, ResultTimeout, StoreUnavailable
from taskmill.core.events import TaskEvent
from taskmill.core.task import SECOND, Attempt, Task
from taskmill.engine.client import control
from taskmill.engine.client.enqueue import EnqueueBatcher, Enqueued, enqueue
from taskmill.engine.live.follow import Follower
from taskmill.engine.live.lookup import StatusLookup, attempts_of, get_task, not_found
from taskmill.engine.live.waiter import WAIT_TIMINGS, ResultWaiter, ThreadWaiter, WaitTimings
from taskmill.engine.live.why import why_not_started
from taskmill.engine.notifier import Notifier
from taskmill.executors.contract import current
from taskmill.feeds.contract import Feed
from taskmill.portal import ENDING, in_loop, portal, portal_loop
from taskmill.sdk import transaction
from taskmill.sdk.backend import Backend, ConnectionSettings
from taskmill.sdk.sync import run
from taskmill.stores.contract import Caller, Store, TaskFilter
from taskmill.stores.open import open_store

logger = logging.getLogger(__name__)

Control = Callable[[Notifier, Sequence[str]], Coroutine[Any, Any, list[control.Verdict]]]
"""What is done to tasks: of engine/client/control.py."""
MATCHED = 10_000_000
"""Tasks of one bulk action."""


class SyncClient:
    """For threads without an event loop; several may use it at once. Every method may raise StoreUnavailable."""

    def __init__(self, backend: Backend, timings: WaitTimings = WAIT_TIMINGS) -> None:
        """`backend`: for a thread, and open."""
        self.backend = backend
        self.store = backend.store
        self._timings = timings
        self._waiter = ThreadWaiter(self.store, timings)
        self._statuses = StatusLookup(_PortalCache(backend.feed) if backend.feed else None, self._get)

    def enqueue(self, tasks: Sequence[Task]) -> list[Enqueued]:
        """All or none of the tasks are stored."""
        return run(enqueue(self.backend.notifier, tasks))

    def get(self, id: str) -> Task:
        """Raises NotFound."""
        return run(self._get(id))

    def wait(self, id: str, timeout: float | None) -> Task:
        """The task once it is final. Raises NotFound, ResultTimeout."""
        try:
            return run(_until_final(self._waiter, self.store, id, timeout, self._timings.explain_after))
        except TimeoutError:
            raise run(_result_timeout(self.store, id, timeout)) from None

    def status(self, id: str, seen: int = 0) -> TaskEvent:
        """State and progress: from the live feed's cache, if that has the version `seen` or a later one."""
        return run(self._statuses.status(id, seen)).event

    def attempts(self, id: str) -> list[Attempt]:
        """Raises NotFound."""
        return run(attempts_of(self.store, self.get(id)))

    def cancel(self, id: str) -> bool:
        """False: it has ended already. Raises NotFound."""
        return _done(run(control.cancel(self.backend.notifier, [id])))

    def control(self, action: Control, id: str) -> None:
        """Raises NotFound, Conflict."""
        _require(run(action(self.backend.notifier, [id])))

    def find(self, where: TaskFilter, limit: int | None) -> Iterator[Task]:
        """Newest first."""
        cursor: str | None = None
        while limit is None or limit > 0:
            page = run(self.store.find(where, control.PAGE if limit is None else min(limit, control.PAGE), cursor))
            yield from page.tasks
            cursor, limit = page.cursor, None if limit is None else limit - len(page.tasks)
            if cursor is None:
                return

    def act(self, action: Control | None, where: TaskFilter) -> int:
        """On all that match; returns on how many it was done. None: only count them."""
        return run(_act(self.backend.notifier, action, where))

    def close(self) -> None:
        self._waiter.close()
        run(self.backend.close())

    async def _get(self, id: str) -> Task:
        return await get_task(self.store, id)


class AsyncClient:
    """For one event loop. Concurrent enqueues share a commit, and concurrent reads share a read."""

    def __init__(self, backend: Backend, timings: WaitTimings = WAIT_TIMINGS) -> None:
        """`backend`: for a loop."""
        self.backend = backend
        self.store = backend.store
        self.ready = False
        """Whether the store is open."""
        self._batcher = EnqueueBatcher(backend.notifier)
        self._timings = timings
        self._waiter = ResultWaiter(self.store, timings)
        self._statuses = StatusLookup(backend.feed, self.get)

    async def open(self) -> None:
        await self.backend.open()
        self.ready = True

    def enqueue(self, tasks: Sequence[Task]) -> Awaitable[list[Enqueued]]:
        """Not a coroutine, because it is called for every task."""
        return self._batcher.enqueue(tasks)

    def get(self, id: str) -> Awaitable[Task]:
        """Raises NotFound."""
        return self._waiter.get(id)

    async def wait(self, id: str, timeout: float | None) -> Task:
        """The task once it is final. Raises NotFound, ResultTimeout."""
        try:
            return await _until_final(self._waiter, self.store, id, timeout, self._timings.explain_after)
        except TimeoutError:
            raise await _result_timeout(self.store, id, timeout) from None

    async def status(self, id: str, seen: int = 0) -> TaskEvent:
        return (await self._statuses.status(id, seen)).event

    def follow(self, id: str) -> Follower:
        """What happens to the task, from how it is now to its end. A thread follows on the portal's client."""
        return Follower(id, self.backend.live, self.store, get=self.get)

    async def attempts(self, id: str) -> list[Attempt]:
        return await attempts_of(self.store, await self.get(id))

    async def cancel(self, id: str) -> bool:
        return _done(await control.cancel(self.backend.notifier, [id]))

    async def control(self, action: Control, id: str) -> None:
        _require(await action(self.backend.notifier, [id]))

    async def find(self, where: TaskFilter, limit: int | None) -> AsyncGenerator[Task]:
        cursor: str | None = None
        while limit is None or limit > 0:
            page = await self.store.find(where, control.PAGE if limit is None else min(limit, control.PAGE), cursor)
            for task in page.tasks:
                yield task
            cursor, limit = page.cursor, None if limit is None else limit - len(page.tasks)
            if cursor is None:
                return

    async def act(self, action: Control | None, where: TaskFilter) -> int:
        return await _act(self.backend.notifier, action, where)

    async def close(self) -> None:
        await self._waiter.close()
        await self.backend.close()


class Clients:
    """Those of one app."""

    def __init__(self, settings: ConnectionSettings, timings: WaitTimings = WAIT_TIMINGS) -> None:
        self.clock: Callable[[], int] = times.now
        """Microseconds since the Unix epoch: when a task is made."""
        self.timings = timings
        """Of the clients that are not made yet."""
        self._settings = settings
        self._shared = open_store(settings.store) if settings.store.startswith("memory:") else None
        """A store that lives in one object serves all."""
        self._lock = threading.Lock()
        self._sync: SyncClient | None = None
        self._by_loop: dict[asyncio.AbstractEventLoop, AsyncClient] = {}
        _all.add(self)

    def sync(self) -> SyncClient:
        """For this thread."""
        return self._sync or self._open_sync()

    async def here(self) -> AsyncClient:
        """For the running event loop."""
        loop = asyncio.get_running_loop()
        client = self._by_loop.get(loop)
        if client is None:
            client = self._by_loop[loop] = AsyncClient(self._backend("loop"), self.timings)
            self._close_with(loop)
        if not client.ready:
            await client.open()
            self._note_clock(await client.store.clock())
        return client

    def aenqueue(self, tasks: Sequence[Task]) -> Awaitable[list[Enqueued]]:
        """On the running event loop. Not a coroutine, because it is called for every task."""
        client = self._by_loop.get(asyncio.get_running_loop())
        return self._aenqueue_first(tasks) if client is None or not client.ready else client.enqueue(tasks)

    def enqueue_joined(self, connection: object, tasks: Sequence[Task]) -> list[Enqueued]:
        """In the transaction of the caller's own connection."""
        transaction.refuse_unless_postgresql(self._settings.store)
        transaction.refuse_asynchronous(connection)
        return run(transaction.enqueue_joined(self.sync().store, connection, tasks))

    async def aenqueue_joined(self, connection: object, tasks: Sequence[Task]) -> list[Enqueued]:
        transaction.refuse_unless_postgresql(self._settings.store)
        return await transaction.enqueue_joined((await self.here()).store, connection, tasks)

    def close(self) -> None:
        with self._lock:
            client, self._sync = self._sync, None
        if client is not None:
            client.close()
        loop = portal_loop()
        on_portal = self._by_loop.pop(loop, None) if loop is not None else None
        if on_portal is not None:
            portal().run(on_portal.close())

    async def aclose(self) -> None:
        client = self._by_loop.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()
        self.close()

    def forget(self) -> list[object]:
        """Start anew, with nothing open; returns what was."""
        before: list[object] = [self._sync, self._by_loop]
        self._lock, self._sync, self._by_loop = threading.Lock(), None, {}
        return before

    async def _aenqueue_first(self, tasks: Sequence[Task]) -> list[Enqueued]:
        return await (await self.here()).enqueue(tasks)

    def _open_sync(self) -> SyncClient:
        if sys.is_finalizing():
            raise StoreUnavailable(ENDING)
        with self._lock:
            if self._sync is None:
                backend = self._backend("thread")
                run(backend.open())
                self._note_clock(run(backend.store.clock()))
                self._sync = SyncClient(backend, self.timings)
            return self._sync

    def _close_with(self, loop: asyncio.AbstractEventLoop) -> None:
        """Before that loop is closed, for afterwards its connections could not even say good-bye.

        A loop has no hook for this but its `close`, which every way to end it calls.
        """
        close_loop = loop.close

        def close() -> None:
            client = self._by_loop.pop(loop, None)
            if client is not None and not loop.is_running() and not in_loop():
                with contextlib.suppress(Exception):
                    loop.run_until_complete(client.close())
            close_loop()

        loop.close = close  # type: ignore[method-assign]

    def _note_clock(self, there: int) -> None:
        """A machine whose clock is off would put its tasks before or behind those of others."""
        off = there - times.now()
        if self.clock is times.now and abs(off) > SECOND:
            self.clock = lambda: times.now() + off

    def _backend(self, caller: Caller) -> Backend:
        return Backend(self._settings, caller, self._shared)


class _PortalCache:
    """A live feed's cache, for a thread: the feed lives on the portal's loop."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    async def latest(self, ids: Collection[str]) -> dict[str, TaskEvent]:
        return portal().run(self._feed.latest(ids))

    async def remember(self, events: Sequence[TaskEvent]) -> None:
        portal().run(self._feed.remember(events))


async def _until_final(
    waiter: ThreadWaiter | ResultWaiter, store: Store, id: str, timeout: float | None, explain_after: float
) -> Task:
    """Raises NotFound, TimeoutError. A handler that waits for what can't start, for instance because the handler itself
    has the last slot, is told so in the log."""
    attempt = current()
    if attempt is None or (timeout is not None and timeout <= explain_after):
        return await waiter.until_final(id, timeout)
    with contextlib.suppress(TimeoutError):
        return await waiter.until_final(id, explain_after)
    if why := await why_not_started(store, await get_task(store, id)):
        this = f"task {attempt.task.id} ({attempt.task.task_type})"
        logger.warning("%s waits for task %s, which has not started: %s", this, id, why)
    return await waiter.until_final(id, None if timeout is None else timeout - explain_after)


async def _result_timeout(store: Store, id: str, timeout: float | None) -> ResultTimeout:
    """Says what the task is doing. Raises NotFound."""
    task = await get_task(store, id)
    return ResultTimeout(
        f"no result of task {id} within {timeout:g} s: it is {task.head.state} in {store.location}; the task goes on",
        hint=await why_not_started(store, task),
    )


def _require(verdicts: list[control.Verdict]) -> None:
    [verdict] = verdicts
    if not _done(verdicts):
        raise Conflict(f"task {verdict.id}: {verdict.reason}")


async def _act(notifier: Notifier, action: Control | None, where: TaskFilter) -> int:
    if action is None:
        return await notifier.store.count(where, MATCHED)
    done = 0
    async for ids in control.matching(notifier.store, where, MATCHED):
        done += sum(verdict.done for verdict in await action(notifier, ids))
    return done


def _done(verdicts: list[control.Verdict]) -> bool:
    [verdict] = verdicts
    if verdict.reason == "not_found":
        raise not_found(verdict.id)
    return verdict.done


_all: "weakref.WeakSet[Clients]" = weakref.WeakSet()
_left_behind: list[object] = []
"""What belongs to the parent process: to close it in the child could harm the parent's files."""


def _after_fork() -> None:
    _left_behind.extend([clients.forget() for clients in tuple(_all)])


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
