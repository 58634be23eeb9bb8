"""An event loop's way to the store, and all who wait on it."""

from taskmill.core.task import Task
from taskmill.engine.client.enqueue import EnqueueBatcher
from taskmill.engine.live.waiter import ResultWaiter
from taskmill.feeds.contract import Feed
from taskmill.sdk import results
from taskmill.sdk.backend import Backend


class AsyncClient:
    def __init__(self, opened: Backend) -> None:
        self.notifier = opened.notifier
        self.feed = opened.feed
        self.gathered = EnqueueBatcher(self.notifier)
        self.ready = False
        """Whether the store was opened."""
        self._opened = opened
        self._finals = ResultWaiter(self.notifier.store)

    @property
    def live(self) -> Feed:
        """Where changes are heard."""
        return self._opened.live

    async def open(self) -> None:
        await self._opened.open()
        self.ready = True

    async def look(self, id: str) -> Task:
        """The task as it is now. Raises NotFound."""
        return await self._finals.get(id)

    async def until_final(self, id: str, timeout: float | None) -> Task:
        """Raises NotFound, ResultTimeout."""
        try:
            return await self._finals.until_final(id, timeout)
        except TimeoutError:
            raise await results.late(self.notifier.store, id, timeout) from None

    async def close(self) -> None:
        await self._finals.close()
        await self._opened.close()
