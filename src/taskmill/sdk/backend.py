"""From the URLs of a store, a broker and a live feed to what stands behind them, opened for one kind of caller.

Everything that works on tasks has one: the clients of an app, the service below the faces, workers, the supervisor.
"""

import atexit
import os
import weakref
from typing import TYPE_CHECKING, NamedTuple

from taskmill.engine.notifier import Notifier
from taskmill.stores.contract import Caller, Durability, Store
from taskmill.stores.open import open_store

if TYPE_CHECKING:
    from taskmill.brokers.contract import Broker
    from taskmill.core.events import TaskEvent
    from taskmill.core.task import Ticket
    from taskmill.engine.live.polling_feed import PollingFeed
    from taskmill.engine.sender import BackgroundSender
    from taskmill.feeds.contract import Feed

# What brings asyncio is imported where it is needed: a supervisor and an app without a broker or feed do without.


class ConnectionSettings(NamedTuple):
    """Where tasks are kept, and who hears of them: URLs."""

    store: str
    durability: Durability = "power"
    broker: str | None = None
    feed: str | None = None


class Backend:
    """The store is to be opened; the broker and the feed connect by themselves, at once.

    For a thread without an event loop, broker and feed live on the loop of the portal.
    """

    def __init__(self, settings: ConnectionSettings, caller: Caller, store: Store | None = None) -> None:
        """For a loop: to be made on that loop. `store`: one that is there already. Raises InvalidSettings."""
        self.store = store or open_store(settings.store, caller=caller, durability=settings.durability)
        self.broker: Broker | None = None
        self.feed: Feed | None = None
        self._on_portal = caller == "thread" and bool(settings.broker or settings.feed)
        self._tickets: BackgroundSender[Ticket] | None = None
        self._events: BackgroundSender[TaskEvent] | None = None
        self._polling_feed: PollingFeed | None = None
        if self._on_portal:
            from taskmill.portal import portal

            portal().call(self._connect, settings)
            _to_flush.add(self)
        else:
            self._connect(settings)
        self.notifier = Notifier(self.store, self._tickets, self._events)

    @property
    def live(self) -> "Feed":
        """Where changes are heard: the live feed, or the store where there is none. For a loop."""
        if self.feed is not None:
            return self.feed
        if self._polling_feed is None:
            from taskmill.engine.live.polling_feed import PollingFeed

            self._polling_feed = PollingFeed(self.store)
        return self._polling_feed

    async def open(self) -> None:
        """Raises SchemaTooNew, StoreUnavailable."""
        await self.store.open()

    async def close(self) -> None:
        """Tickets and events that wait are sent before, if that can be done soon."""
        if self._on_portal:
            from taskmill.portal import portal

            _to_flush.discard(self)
            portal().run(self._disconnect())
        else:
            await self._disconnect()
        if self._polling_feed is not None:
            await self._polling_feed.close()
        await self.store.close()

    def _connect(self, settings: ConnectionSettings) -> None:
        """On the loop on which they live."""
        if not (settings.broker or settings.feed):
            return
        from taskmill.engine.sender import BackgroundSender

        if settings.broker:
            from taskmill.brokers.open import open_broker

            self.broker = open_broker(settings.broker)
            self._tickets = BackgroundSender(self.broker.announce)
        if settings.feed:
            from taskmill.feeds.open import open_feed

            self.feed = open_feed(settings.feed)
            self._events = BackgroundSender(self.feed.emit)

    async def _disconnect(self) -> None:
        for part in (self._tickets, self._events, self.broker, self.feed):
            if part is not None:
                await part.close()


_to_flush: "weakref.WeakSet[Backend]" = weakref.WeakSet()


@atexit.register
def _flush() -> None:
    """A short script ends before its tickets are on their way."""
    for backend in tuple(_to_flush):
        from taskmill.portal import portal

        portal().run(backend._disconnect())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_to_flush.clear)
