"""The live feed of those who have no server for one: it looks at the store and tells what has changed since.

Woken by the store's bell, with a slow look for what rings none (a start) or was missed. It works across processes, for
it is told nothing. Steps that come faster than it looks are left out, but for the log lines of tasks watched by id.
It lives in the engine, as stores and feeds know nothing of each other.
"""

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Sequence

from taskmill.core.errors import FeedUnavailable, StoreError
from taskmill.core.events import TaskEvent
from taskmill.core.state import State
from taskmill.core.task import Task
from taskmill.engine.live.events import logged, told
from taskmill.feeds.contract import Answer, EventFilter, Subscription
from taskmill.feeds.hub import Hub
from taskmill.stores.clock import microseconds
from taskmill.stores.contract import ANY, Ear, Filter, Store

logger = logging.getLogger(__name__)

SLOW_LOOK = 0.5
SLOW_LOOK_EACH = 0.0005
"""Seconds between looks when no bell rings, and what each watched task adds."""
BREATH = 0.1
"""Seconds between looks at least, however often the bell rings; and until the look after a ring."""
LINGER = 2.0
"""Seconds that it goes on listening when nobody watches."""
NEWEST, RUNNING = 50, 100
"""Tasks looked at for each filter."""
RUNG = 500
"""Tasks looked at because their bell rang; the others that rang are left out."""
FEW = 100
"""So many watched tasks are all looked at whenever any bell rings."""
KEPT = 10_000
"""Tasks of which it knows what it told last."""

Mark = tuple[int, str | None]
"""Version and progress of a task: a change of either is worth an event."""


class PollingFeed:
    """Make it anywhere, use it on one event loop, on which the store's verbs may suspend."""

    def __init__(self, store: Store) -> None:
        self.place = f"the tail of {store.place}"
        self._store = store
        self._hub = Hub()
        self._seen: OrderedDict[str, Mark] = OrderedDict()
        """What was told last."""
        self._filters: Counter[EventFilter] = Counter()
        """How many watch so, without ids."""
        self._now = 0
        self._listener: asyncio.Task[None] | None = None
        self._away = False

    async def emit(self, events: Sequence[TaskEvent]) -> None:
        """The store tells."""

    async def watch(self, where: EventFilter) -> Subscription:
        watcher = self._hub.watch(where, lambda watcher: self._leave(watcher.where))
        if self._listener is None:
            ear = self._store.bell.listen("ready", "due", "final", "cancel", "progress")
            self._listener = asyncio.get_running_loop().create_task(self._listen(ear))
        wide = where.ids is None
        try:
            for task in await self._read(where.ids or (), (where,) if wide else ()):
                self._seen.setdefault(task.spec.id, _mark(task))  # others may still have to hear of a change
        except StoreError as error:
            watcher.close()
            raise FeedUnavailable(str(error), hint=error.hint) from error
        if wide:
            self._filters[where] += 1
        return watcher

    async def latest(self, ids: Collection[str]) -> dict[str, TaskEvent]:
        return {}

    async def remember(self, events: Sequence[TaskEvent]) -> None:
        """The store remembers."""

    def answer(self, answer: Answer) -> None:
        """Nobody can ask over it."""

    async def ping(self) -> None:
        try:
            await self._store.clock()
        except StoreError as error:
            raise FeedUnavailable(str(error), hint=error.hint) from error

    async def close(self) -> None:
        """The store stays open."""
        self._hub.close()
        self._filters.clear()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])

    def _leave(self, where: EventFilter) -> None:
        self._filters -= Counter([where])

    async def _listen(self, ear: Ear) -> None:
        try:
            await self._listening(ear)
        except Exception:  # nobody would be told any more
            logger.exception("the tail of the store ended")
            self._hub.close()
        finally:
            ear.close()
            self._listener = None

    async def _listening(self, ear: Ear) -> None:
        looked = used = time.monotonic()
        pause = BREATH
        while time.monotonic() - used < LINGER:
            rung = await ear.wait(max(0.0, looked + pause - time.monotonic()))
            if rung and (rest := looked + BREATH - time.monotonic()) > 0:
                await asyncio.sleep(rest)
                rung += await ear.wait(0)
            items = {item for topic, item in rung if topic in ("final", "progress", "cancel")}
            if ANY in items:
                self._leave_out(1)
            await self._try_look(items - {ANY}, bool(rung) and ANY not in items)
            looked = time.monotonic()
            pause = BREATH if rung else SLOW_LOOK + SLOW_LOOK_EACH * len(self._hub.ids())
            if not self._hub.empty():
                used = looked

    async def _try_look(self, rung: set[str], hurry: bool) -> None:
        try:
            await self._look(rung, hurry)
        except StoreError as error:
            if not self._away:
                logger.warning("the store does not tell what changes, trying again: %s", error)
            self._away = True
        else:
            if self._away:
                logger.info("the store tells again what changes")
            self._away = False

    async def _look(self, rung: set[str], hurry: bool) -> None:
        """`hurry`: a bell rang; only what it is about, as far as that is known."""
        watched = self._hub.ids()
        ids = {id for id in rung if id in watched} if hurry and len(watched) > FEW else set(watched)
        others = rung - ids if self._filters else set()
        if len(others) > RUNG:
            self._leave_out(len(others) - RUNG)
        tasks = await self._read([*ids, *list(others)[:RUNG]], tuple(self._filters))
        self._now = max(self._now + 1, microseconds())
        for task in sorted(tasks, key=lambda task: task.spec.created_at):
            self._hub.deliver(await self._changes(task))

    async def _changes(self, task: Task) -> list[TaskEvent]:
        known = self._seen.get(task.spec.id)
        new = self._remember(task)
        if not new or known == new:
            return []
        if known is not None and known[0] == new[0]:
            return [told(task, self._now, "progress")]
        lines: list[TaskEvent] = []
        if known is not None and task.spec.id in self._hub.ids():
            lines = logged(task, await self._store.attempts(task.spec.id), known[0])
        return [*lines, told(task, self._now)]

    def _remember(self, task: Task) -> Mark | None:
        """What is told of it now; None when something newer was told already."""
        known = self._seen.get(task.spec.id)
        new = _mark(task)
        if known is not None and known[0] > new[0]:
            return None
        self._seen[task.spec.id] = new
        self._seen.move_to_end(task.spec.id)
        if len(self._seen) > KEPT + len(self._hub.ids()):
            self._seen.popitem(last=False)
        return new

    async def _read(self, ids: Collection[str], filters: Iterable[EventFilter]) -> list[Task]:
        found = dict(await self._store.get(list(ids))) if ids else {}
        for where in filters:
            newest = Filter(queues=tuple(where.queues or ()), task_types=tuple(where.task_types or ()))
            for wanted, limit in ((newest, NEWEST), (newest._replace(states=(State.RUNNING,)), RUNNING)):
                page = await self._store.find(wanted, limit)
                found |= {task.spec.id: task for task in page.tasks}
        return list(found.values())

    def _leave_out(self, count: int) -> None:
        for watcher in self._hub.wide():
            watcher.mark_lost(count)


def _mark(task: Task) -> Mark:
    return task.head.version, task.head.progress
