"""From the URLs of a store, a broker and a live feed to the mill they make."""

import atexit
import os
import weakref
from typing import NamedTuple, cast

from taskmill.brokers.contract import Broker
from taskmill.brokers.open import open_broker
from taskmill.engine.announce import Mill
from taskmill.engine.outgoing import Outgoing
from taskmill.feeds.contract import Feed
from taskmill.feeds.open import open_feed
from taskmill.portal import portal
from taskmill.stores.contract import Caller, Durability, Store
from taskmill.stores.open import open_store


class Place(NamedTuple):
    """Where tasks are kept, and who is told of them: URLs."""

    store: str
    durability: Durability = "power"
    broker: str | None = None
    feed: str | None = None


class Opened:
    """A mill with what it stands on. Its store is to be opened; a broker and a feed connect by themselves."""

    def __init__(self, place: Place, caller: Caller, store: Store | None = None) -> None:
        """For a loop: on that loop. `store`: one that is there already. Raises InvalidSettings."""
        self.store = store or open_store(place.store, caller=caller, durability=place.durability)
        self.broker: Broker | None = None
        self.feed: Feed | None = None
        self._tail: Feed | None = None
        self._elsewhere = caller == "thread" and bool(place.broker or place.feed)
        """Broker and feed live on the loop of the portal."""
        if self._elsewhere:
            self.mill = portal().call(self._connect, place)
            _to_flush.add(self)
        else:
            self.mill = self._connect(place)

    @property
    def live(self) -> Feed:
        """Where changes are heard: the live feed, or the store's tail where there is none. For a loop."""
        if self._tail is None and self.feed is None:
            from taskmill.engine.tail import StoreTail  # which only those need who watch

            self._tail = StoreTail(self.store)
        return self.feed or cast(Feed, self._tail)

    async def open(self) -> None:
        """Raises SchemaTooNew, StoreUnavailable."""
        await self.store.open()

    async def close(self) -> None:
        """What is still to be told is sent, if that can be done soon."""
        if self._elsewhere:
            _to_flush.discard(self)
            portal().run(self._disconnect())
        else:
            await self._disconnect()
        await self.store.close()

    def flush(self) -> None:
        """The process ends: send what is still to be told."""
        portal().run(self._disconnect())

    def _connect(self, place: Place) -> Mill:
        if place.broker:
            self.broker = open_broker(place.broker)
        if place.feed:
            self.feed = open_feed(place.feed)
        tickets = Outgoing(self.broker.announce) if self.broker else None
        return Mill(self.store, tickets, Outgoing(self.feed.emit) if self.feed else None)

    async def _disconnect(self) -> None:
        for outgoing in (self.mill.tickets, self.mill.events):
            if outgoing is not None:
                await outgoing.close()
        for component in (self.broker, self.feed, self._tail):
            if component is not None:
                await component.close()


_to_flush: "weakref.WeakSet[Opened]" = weakref.WeakSet()


@atexit.register
def _flush() -> None:
    """A short script ends before its tickets are on their way."""
    for opened in tuple(_to_flush):
        opened.flush()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_to_flush.clear)
