"""What of the service is live: the status of a task from the cache of the live feed, and streams of events."""

import re
from collections import OrderedDict
from typing import Literal

from taskmill.core.events import TaskEvent
from taskmill.core.state import FINAL
from taskmill.core.task import Task
from taskmill.engine.live.events import told
from taskmill.engine.live.follow import Follower, FollowSource, Since
from taskmill.feeds.contract import EventFilter
from taskmill.sdk.backend import Backend
from taskmill.service import present, views
from taskmill.service.streams import FilteredStream, Look, OpenStreams, RecentEvents, StreamSettings, TaskStream

FINAL_TASKS = 10_000
"""Of so many that were seen final in the store, no cache is believed that says otherwise."""
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
        self._finals: OrderedDict[str, int] = OrderedDict()
        """Id → version of final tasks that were seen in the store."""

    async def status(self, id: str) -> views.StatusView:
        """From the cache of the live feed, if that knows it. Raises NotFound."""
        feed = self._backend.feed
        cached = (await feed.latest([id])).get(id) if feed else None
        if cached is not None and cached.version >= self._finals.get(id, 0):
            return _status(cached, "cache")
        event = told(await self._look(id), 0)  # whatever its worker tells of this version is as fresh
        if feed:
            await feed.remember([event])
        return _status(event, "store")

    def saw(self, task: Task) -> None:
        """In the store."""
        if task.head.state in FINAL and self._backend.feed:
            self._finals[task.spec.id] = task.head.version
            if len(self._finals) > FINAL_TASKS:
                self._finals.popitem(last=False)

    async def task_stream(self, id: str, last: str | None) -> TaskStream:
        """`last`: the id of the last item that the client saw. Raises NotFound, TooManyStreams."""
        self.streams.check()
        seen = ITEM_ID.fullmatch(last or "")
        since = Since(int(seen[1]), int(seen[2])) if seen else None
        follower = Follower(FollowSource(self._backend.live, self._look, self._backend.store.attempts), id, since)
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
