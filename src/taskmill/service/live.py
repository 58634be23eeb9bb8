"""What of the service is live: the status of a task from the cache of the live feed, and streams of events."""

import re
from typing import Literal

from taskmill.core.events import TaskEvent
from taskmill.engine.live.follow import Follower, Since
from taskmill.engine.live.lookup import StatusLookup
from taskmill.feeds.contract import EventFilter
from taskmill.sdk.backend import Backend
from taskmill.service import present, views
from taskmill.service.streams import FilteredStream, Look, OpenStreams, RecentEvents, StreamSettings, TaskStream

ITEM_ID = re.compile(r"(\d{1,18})-(\d{1,18})")
"""In the stream of a task: version and time of the event."""


class LiveTasks:
    """On the event loop of a server."""

    def __init__(self, backend: Backend, look: Look, settings: StreamSettings) -> None:
        """`look` raises NotFound, StoreError."""
        self.settings = settings
        self.streams = OpenStreams(settings.streams)
        self._backend = backend
        self._look = look
        self._recent = RecentEvents(lambda: backend.live, settings)
        self.statuses = StatusLookup(backend.feed, look)

    async def status(self, id: str) -> views.StatusView:
        """From the cache of the live feed, if that knows it. Raises NotFound."""
        event, cached = await self.statuses.status(id)
        return _status(event, "cache" if cached else "store")

    async def task_stream(self, id: str, last: str | None) -> TaskStream:
        """`last`: the id of the last item that the client saw. Raises NotFound, TooManyStreams."""
        self.streams.check()
        seen = ITEM_ID.fullmatch(last or "")
        since = Since(int(seen[1]), int(seen[2])) if seen else None
        follower = Follower(id, self._backend.live, self._backend.store, since, get=self._look)
        try:
            first = await follower.next()
        except BaseException:
            follower.close()
            raise
        return TaskStream(follower, first, self._look, self.settings.store_retry)

    async def filtered_stream(self, where: EventFilter, last: str | None) -> FilteredStream:
        """Raises FeedUnavailable, TooManyStreams."""
        self.streams.check()
        await self._recent.open()
        return FilteredStream(self._recent, where, last)

    def stop(self) -> None:
        self.streams.stop()

    async def close(self) -> None:
        self.stop()
        await self._recent.close()


def _status(event: TaskEvent, source: Literal["cache", "store"]) -> views.StatusView:
    return views.StatusView(
        id=event.id,
        state=event.state,
        progress=present.raw(event.progress),
        attempt=event.attempt,
        version=event.version,
        source=source,
    )
