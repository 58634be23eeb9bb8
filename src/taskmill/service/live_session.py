"""A session whose service is on an event loop in a thread of its own, so that it can also follow what changes."""

import asyncio
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

from taskmill.config.settings import Settings
from taskmill.core.errors import FeedUnavailable, ResultTimeout
from taskmill.core.events import TaskEvent
from taskmill.core.state import FINAL
from taskmill.engine.live.follow import Follower
from taskmill.engine.live.polling_feed import PollingFeed
from taskmill.feeds.contract import EventFilter, Subscription
from taskmill.portal import Portal, portal
from taskmill.sdk.backend import Backend
from taskmill.service.service import Service
from taskmill.service.session import Session, by_command, configured, connection_settings, service_on
from taskmill.service.views import TaskView, Where


class LiveSession(Session):
    def __init__(self, service: Service, backend: Backend, there: Portal, settings: Settings) -> None:
        super().__init__(service, there.run, settings)
        self._backend = backend
        self._portal = there

    def follow(self, id: str, timeout: float | None, silence: float) -> Generator[TaskView, None, None]:
        """The task now, then whenever something has happened to it or nothing for `silence` seconds, until it is final.

        Raises NotFound, ResultTimeout, StoreError.
        """
        end = None if timeout is None else time.monotonic() + timeout
        view = self.run(self.service.get(id))
        yield view
        if view.state in FINAL:
            return
        followed = self._portal.call(FollowedTask, self.service, self._backend, view.id)
        try:
            while view.state not in FINAL:
                left = silence if end is None else min(silence, end - time.monotonic())
                if left <= 0:
                    raise ResultTimeout(
                        f"task {view.id} has not ended within {timeout:g} s; it goes on",
                        hint=f"taskmill watch {view.id}",
                    )
                view = self.run(followed.next(left))
                yield view
        finally:
            self._portal.call(followed.close)

    def watch(self, where: Where, silence: float, warn: Callable[[str], None]) -> Iterator[list[TaskEvent]]:
        """What happens in these queues and to these types, without an end: at first nothing, as soon as it listens.

        Empty after `silence` seconds of it. `warn` gets a sentence when less is seen than happens.
        """
        watched = EventFilter(None, frozenset(where.queue) or None, frozenset(where.task_type) or None)
        watching, warned = self.run(self._watching(watched, warn)), False
        try:
            yield []
            while True:
                yield self.run(watching.next(silence))
                if watching.lost and not warned:
                    warned = True
                    warn("more changes than can be told; some are left out")
        finally:
            self._portal.call(watching.close)

    async def _watching(self, where: EventFilter, warn: Callable[[str], None]) -> Subscription:
        try:
            return await self._backend.live.watch(where)
        except FeedUnavailable as error:
            warn(f"{error}; the store is looked at instead")
            return await PollingFeed(self._backend.store).watch(where)


class FollowedTask:
    """Its steps come from the live feed, or from the store where there is none; its end as soon as the store rings."""

    def __init__(self, service: Service, backend: Backend, id: str) -> None:
        """On the event loop of the backend."""
        self._service = service
        self._id = id
        self._follower = Follower(id, backend.live, backend.store)
        loop = asyncio.get_running_loop()
        self._end = loop.create_task(self._until_final())
        self._step: asyncio.Task[list[TaskEvent]] | None = None

    async def next(self, timeout: float) -> TaskView:
        """As it is once something may have changed, or after `timeout` seconds. Raises NotFound, StoreError."""
        self._step = asyncio.get_running_loop().create_task(self._follower.next(timeout))
        await asyncio.wait({self._step, self._end}, return_when=asyncio.FIRST_COMPLETED)
        if self._end.done():
            return self._end.result()
        self._step.result()
        return await self._service.get(self._id)

    def close(self) -> None:
        for task in (self._step, self._end):
            if task is not None and not task.cancel() and not task.cancelled():
                task.exception()  # what nobody takes, asyncio would write to stderr
        self._follower.close()

    async def _until_final(self) -> TaskView:
        while (view := await self._service.wait(self._id, self._service.limits.wait)).state not in FINAL:
            pass
        return view


@contextmanager
def open_live_session(
    store: str | None, config: str | None, broker: str | None = None, feed: str | None = None
) -> Iterator[LiveSession]:
    """Like `open_session`, for those who follow tasks."""
    found, there = configured(store, config, broker, feed), portal()
    backend = there.call(Backend, connection_settings(found), "loop")
    service = service_on(backend, found)
    try:
        there.run(service.open())
        yield LiveSession(by_command(service), backend, there, found)
    finally:
        there.run(service.close())
