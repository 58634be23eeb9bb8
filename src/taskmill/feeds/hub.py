"""From one stream of events to all who watch in this process, each with a bounded buffer of his own."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator

from taskmill.core.errors import FeedUnavailable
from taskmill.core.events import TaskEvent
from taskmill.feeds.contract import Watched
from taskmill.feeds.newest import Newest

BACKLOG = 1_000
"""Events kept for one watcher that does not read."""


class Watcher:
    """Keeps the contract of Watching."""

    def __init__(self, where: Watched, leave: "Callable[[Watcher], None]") -> None:
        self.where = where
        self.lost = 0
        self.closed = False
        self._told = 0
        """How much of `lost` the reader was woken for."""
        self._leave = leave
        self._kept: deque[TaskEvent] = deque()
        self._waiter: asyncio.Future[None] | None = None

    async def next(self, timeout: float | None) -> list[TaskEvent]:
        if not self._ready():
            await self._sleep(timeout)
        if self.closed and not self._kept:
            raise FeedUnavailable("nothing more comes: the live feed was closed")
        events, self._told = list(self._kept), self.lost
        self._kept.clear()
        return events

    def close(self) -> None:
        self._leave(self)
        self.end()

    def hear(self, event: TaskEvent) -> None:
        if len(self._kept) >= BACKLOG:
            self._kept.popleft()
            self.lost += 1
        self._kept.append(event)
        self._wake()

    def miss(self, count: int = 1) -> None:
        self.lost += count
        self._wake()

    def end(self) -> None:
        self.closed = True
        self._wake()

    def _ready(self) -> bool:
        return bool(self._kept) or self.closed or self.lost != self._told

    async def _sleep(self, timeout: float | None) -> None:
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        timer = None if timeout is None else loop.call_later(timeout, self._wake)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Hub:
    def __init__(self) -> None:
        self.newest = Newest()
        self._wide: set[Watcher] = set()
        """Those who watch no ids in particular."""
        self._by_id: dict[str, set[Watcher]] = {}

    def watch(self, where: Watched, on_leave: Callable[[Watcher], None] | None = None) -> Watcher:
        def leave(watcher: Watcher) -> None:
            if self._drop(watcher) and on_leave is not None:
                on_leave(watcher)

        watcher = Watcher(where, leave)
        if where.ids is None:
            self._wide.add(watcher)
        for id in where.ids or ():
            self._by_id.setdefault(id, set()).add(watcher)
        return watcher

    def tell(self, events: Iterable[TaskEvent]) -> None:
        """Those that are not stale, to whom they concern."""
        for event in events:
            if self.newest.take(event):
                for watcher in (*self._wide, *self._by_id.get(event.id, ())):
                    if watcher.where.holds(event):
                        watcher.hear(event)

    def miss(self) -> None:
        """Events may have gone by unheard."""
        for watcher in self.watchers():
            watcher.miss()

    def watchers(self) -> Iterator[Watcher]:
        yield from tuple(self._wide)
        yield from {watcher for watchers in self._by_id.values() for watcher in watchers}

    def ids(self) -> Collection[str]:
        """Those that are watched by name."""
        return self._by_id

    def wide(self) -> Collection[Watcher]:
        return self._wide

    def empty(self) -> bool:
        return not self._wide and not self._by_id

    def close(self) -> None:
        """Whoever watches reads what is left, and hears then that it is over."""
        for watcher in self.watchers():
            watcher.end()
        self._wide.clear()
        self._by_id.clear()

    def _drop(self, watcher: Watcher) -> bool:
        """False: it had left already."""
        if watcher.closed:
            return False
        self._wide.discard(watcher)
        for id in watcher.where.ids or ():
            watchers = self._by_id.get(id, set())
            watchers.discard(watcher)
            if not watchers:
                self._by_id.pop(id, None)
        return True
