"""From one stream of events to all who watch in this process, each with a bounded buffer."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Iterator

from taskmill.core.errors import FeedUnavailable
from taskmill.core.events import TaskEvent
from taskmill.feeds.contract import EventFilter

BACKLOG = 1_000
"""Events kept for one watcher that does not read."""
REMEMBERED = 10_000
"""Tasks whose newest event is kept; the one with the longest silence is forgotten first."""


class NewestEvents:
    """The newest event of each task, by which stale ones are known."""

    def __init__(self) -> None:
        self._events: OrderedDict[str, TaskEvent] = OrderedDict()

    def accept(self, event: TaskEvent) -> bool:
        """False: it is stale. A log line never is, and is not kept."""
        if event.kind == "log":
            return True
        known = self._events.get(event.id)
        if known is not None and (known.version, known.at) > (event.version, event.at):
            return False
        self._events[event.id] = event
        self._events.move_to_end(event.id)
        if len(self._events) > REMEMBERED:
            self._events.popitem(last=False)
        return True

    def get(self, id: str) -> TaskEvent | None:
        return self._events.get(id)


class Watcher:
    """A Subscription of the contract."""

    def __init__(self, where: EventFilter, leave: "Callable[[Watcher], None]") -> None:
        self.where = where
        self.lost = 0
        self.closed = False
        self._lost_reported = 0
        """How much of `lost` the reader was woken for."""
        self._leave = leave
        self._buffer: deque[TaskEvent] = deque()
        self._waiter: asyncio.Future[None] | None = None

    async def next(self, timeout: float | None) -> list[TaskEvent]:
        if not (self._buffer or self.closed or self.lost != self._lost_reported):
            await self._sleep(timeout)
        if self.closed and not self._buffer:
            raise FeedUnavailable("nothing more comes: the live feed was closed")
        events, self._lost_reported = list(self._buffer), self.lost
        self._buffer.clear()
        return events

    def close(self) -> None:
        self._leave(self)
        self.end()

    def deliver(self, event: TaskEvent) -> None:
        if len(self._buffer) >= BACKLOG:
            self._buffer.popleft()
            self.lost += 1
        self._buffer.append(event)
        self._wake()

    def mark_lost(self, count: int = 1) -> None:
        self.lost += count
        self._wake()

    def end(self) -> None:
        self.closed = True
        self._wake()

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
        self._newest = NewestEvents()
        self._wide: set[Watcher] = set()
        """Those who watch no ids in particular."""
        self._by_id: dict[str, set[Watcher]] = {}

    def watch(self, where: EventFilter, on_leave: Callable[[Watcher], None] | None = None) -> Watcher:
        def leave(watcher: Watcher) -> None:
            if self._drop(watcher) and on_leave is not None:
                on_leave(watcher)

        watcher = Watcher(where, leave)
        if where.ids is None:
            self._wide.add(watcher)
        for id in where.ids or ():
            self._by_id.setdefault(id, set()).add(watcher)
        return watcher

    def deliver(self, events: Iterable[TaskEvent]) -> None:
        """Each event that is not stale goes to every watcher whose filter it matches."""
        for event in events:
            if self._newest.accept(event):
                for watcher in (*self._wide, *self._by_id.get(event.id, ())):
                    if watcher.where.matches(event):
                        watcher.deliver(event)

    def mark_lost(self) -> None:
        """Events may have been missed: every watcher's `lost` grows."""
        for watcher in self.watchers():
            watcher.mark_lost()

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
        """Whoever watches reads what is left, and then gets the error that the feed is closed."""
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
