"""The reference feed: what every other feed must do, inside one process."""

from collections.abc import Collection, Sequence

from taskmill.core.events import TaskEvent
from taskmill.feeds.contract import Answer, EventFilter, Subscription
from taskmill.feeds.hub import Hub, NewestEvents


class MemoryFeed:
    def __init__(self) -> None:
        self.location = "memory"
        self._hub = Hub()
        self._remembered = NewestEvents()

    async def emit(self, events: Sequence[TaskEvent]) -> None:
        await self.remember(events)
        self._hub.deliver(events)

    async def watch(self, where: EventFilter) -> Subscription:
        return self._hub.watch(where)

    async def latest(self, ids: Collection[str]) -> dict[str, TaskEvent]:
        found = {id: self._remembered.get(id) for id in ids}
        return {id: event for id, event in found.items() if event is not None}

    async def remember(self, events: Sequence[TaskEvent]) -> None:
        for event in events:
            self._remembered.accept(event)

    def answer(self, answer: Answer) -> None:
        """In one process one asks the service."""

    async def ping(self) -> None:
        """It is where its process is."""

    async def close(self) -> None:
        self._hub.close()
