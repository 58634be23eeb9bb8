"""The live feed of those who have no server for one: it reads the store again and again and publishes what changed.

The store's bell wakes it; a slow look finds what rings no bell (a start) or was missed. It works across processes,
because it needs nobody to send it anything. Steps that come faster than it looks are left out, except the log lines of
tasks watched by id. It lives in the engine, because stores and feeds know nothing of each other.
"""

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from taskmill.core import times
from taskmill.core.errors import FeedUnavailable, StoreError
from taskmill.core.events import TaskEvent
from taskmill.core.state import State
from taskmill.core.task import Task
from taskmill.engine.live.events import log_events, state_event
from taskmill.feeds.contract import Answer, EventFilter, Subscription
from taskmill.feeds.hub import Hub
from taskmill.stores.contract import ANY, Ear, Store, TaskFilter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PollingSettings:
    """Times are in seconds."""

    slow_look: float = 0.5
    slow_look_each: float = 0.0005
    """Between looks when no bell rings, and what each watched task adds."""
    minimum_interval: float = 0.1
    """Between looks, however often the bell rings; and until the look after a ring."""
    idle_timeout: float = 2.0
    """It goes on listening so long when nobody watches."""
    newest: int = 50
    running: int = 100
    """Tasks that are read for each filter: the newest, and those that run."""
    rung: int = 500
    """Tasks that are read because their bell rang; the others that rang are left out."""
    few: int = 100
    """So many watched tasks are all read whenever any bell rings."""
    kept: int = 10_000
    """Tasks of which the last event is remembered."""


POLLING_SETTINGS = PollingSettings()
Mark = tuple[int, str | None]
"""Version and progress of a task: a change of either is worth an event."""


class PollingFeed:
    """May be made anywhere; is used on one event loop, on which the store's verbs may suspend."""

    def __init__(self, store: Store, settings: PollingSettings = POLLING_SETTINGS) -> None:
        self.location = f"the tail of {store.location}"
        self._store = store
        self._settings = settings
        self._hub = Hub()
        self._seen: OrderedDict[str, Mark] = OrderedDict()
        """What was published last of each task."""
        self._filters: Counter[EventFilter] = Counter()
        """How many watch so, without ids."""
        self._now = 0
        self._listener: asyncio.Task[None] | None = None
        self._away = False

    async def emit(self, events: Sequence[TaskEvent]) -> None:
        """Nothing to do: the store is read."""

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
        """Nothing to do: the store has it."""

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
            await self._listen_until_idle(ear)
        except Exception:  # nobody would hear of a change any more
            logger.exception("the tail of the store ended")
            self._hub.close()
        finally:
            ear.close()
            self._listener = None

    async def _listen_until_idle(self, ear: Ear) -> None:
        settings = self._settings
        looked = used = time.monotonic()
        pause = settings.minimum_interval
        while time.monotonic() - used < settings.idle_timeout:
            rung = await ear.wait(max(0.0, looked + pause - time.monotonic()))
            if rung and (rest := looked + settings.minimum_interval - time.monotonic()) > 0:
                await asyncio.sleep(rest)
                rung += await ear.wait(0)
            items = {item for topic, item in rung if topic in ("final", "progress", "cancel")}
            if ANY in items:
                self._leave_out(1)
            await self._try_publish(items - {ANY}, bool(rung) and ANY not in items)
            looked = time.monotonic()
            slow = settings.slow_look + settings.slow_look_each * len(self._hub.ids())
            pause = settings.minimum_interval if rung else slow
            if not self._hub.empty():
                used = looked

    async def _try_publish(self, rung: set[str], woken: bool) -> None:
        try:
            await self._publish(rung, woken)
        except StoreError as error:
            if not self._away:
                logger.warning("the store does not tell what changes, trying again: %s", error)
            self._away = True
        else:
            if self._away:
                logger.info("the store tells again what changes")
            self._away = False

    async def _publish(self, rung: set[str], woken: bool) -> None:
        """Read tasks, and publish what changed. `woken`: by a bell; then only what it rang for, as far as is known."""
        watched = self._hub.ids()
        ids = {id for id in rung if id in watched} if woken and len(watched) > self._settings.few else set(watched)
        others = rung - ids if self._filters else set()
        most = self._settings.rung
        if len(others) > most:
            self._leave_out(len(others) - most)
        tasks = await self._read([*ids, *list(others)[:most]], tuple(self._filters))
        self._now = max(self._now + 1, times.now())
        for task in sorted(tasks, key=lambda task: task.spec.created_at):
            self._hub.deliver(await self._changes(task))

    async def _changes(self, task: Task) -> list[TaskEvent]:
        known = self._seen.get(task.spec.id)
        new = self._remember(task)
        if not new or known == new:
            return []
        if known is not None and known[0] == new[0]:
            return [state_event(task, self._now, "progress")]
        lines: list[TaskEvent] = []
        if known is not None and task.spec.id in self._hub.ids():
            lines = log_events(task, await self._store.attempts(task.spec.id), known[0])
        return [*lines, state_event(task, self._now)]

    def _remember(self, task: Task) -> Mark | None:
        """What is published of it now; None when something newer was published already."""
        known = self._seen.get(task.spec.id)
        new = _mark(task)
        if known is not None and known[0] > new[0]:
            return None
        self._seen[task.spec.id] = new
        self._seen.move_to_end(task.spec.id)
        if len(self._seen) > self._settings.kept + len(self._hub.ids()):
            self._seen.popitem(last=False)
        return new

    async def _read(self, ids: Collection[str], filters: Iterable[EventFilter]) -> list[Task]:
        found = dict(await self._store.get(list(ids))) if ids else {}
        for where in filters:
            newest = TaskFilter(queues=tuple(where.queues or ()), task_types=tuple(where.task_types or ()))
            running = newest._replace(states=(State.RUNNING,))
            for wanted, limit in ((newest, self._settings.newest), (running, self._settings.running)):
                page = await self._store.find(wanted, limit)
                found |= {task.spec.id: task for task in page.tasks}
        return list(found.values())

    def _leave_out(self, count: int) -> None:
        for watcher in self._hub.wide():
            watcher.mark_lost(count)


def _mark(task: Task) -> Mark:
    return task.head.version, task.head.progress
