"""From the URLs of a store, a broker and a live feed to the mill they make."""

from typing import TYPE_CHECKING, NamedTuple

from taskmill.engine.notifier import Notifier
from taskmill.stores.contract import Caller, Durability, Store
from taskmill.stores.open import open_store

if TYPE_CHECKING:
    from taskmill.brokers.contract import Broker
    from taskmill.engine.live.polling_feed import PollingFeed
    from taskmill.feeds.contract import Feed
    from taskmill.sdk.transports import Transports


class ConnectionSettings(NamedTuple):
    """Where tasks are kept, and who is told of them: URLs."""

    store: str
    durability: Durability = "power"
    broker: str | None = None
    feed: str | None = None


class Backend:
    """A mill with what it stands on. Its store is to be opened; a broker and a feed connect by themselves."""

    def __init__(self, place: ConnectionSettings, caller: Caller, store: Store | None = None) -> None:
        """For a loop: on that loop. `store`: one that is there already. Raises InvalidSettings."""
        self.store = store or open_store(place.store, caller=caller, durability=place.durability)
        self.notifier = Notifier(self.store)
        self.broker: Broker | None = None
        self.feed: Feed | None = None
        self._carriers: Transports | None = None
        self._tail: PollingFeed | None = None
        if place.broker or place.feed:
            self._connect(place, caller)

    @property
    def live(self) -> "Feed":
        """Where changes are heard: the live feed, or the store's tail where there is none. For a loop."""
        if self.feed is not None:
            return self.feed
        if self._tail is None:
            from taskmill.engine.live.polling_feed import PollingFeed  # which only those need who watch

            self._tail = PollingFeed(self.store)
        return self._tail

    async def open(self) -> None:
        """Raises SchemaTooNew, StoreUnavailable."""
        await self.store.open()

    async def close(self) -> None:
        """What is still to be told is sent, if that can be done soon."""
        for part in (self._carriers, self._tail, self.store):
            if part is not None:
                await part.close()

    def _connect(self, place: ConnectionSettings, caller: Caller) -> None:
        # Imported here, because it brings asyncio, which a supervisor does without.
        from taskmill.sdk.transports import PortalTransports, Transports

        kind = PortalTransports if caller == "thread" else Transports
        self._carriers = carriers = kind(place.broker, place.feed)
        self.broker, self.feed = carriers.broker, carriers.feed
        self.notifier = Notifier(self.store, carriers.tickets, carriers.events)
