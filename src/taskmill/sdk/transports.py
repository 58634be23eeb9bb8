"""The broker and the live feed of a mill, with what waits to be sent to them."""

import atexit
import os
import weakref

from taskmill.brokers.contract import Broker
from taskmill.brokers.open import open_broker
from taskmill.core.events import TaskEvent
from taskmill.core.task import Ticket
from taskmill.engine.sender import BackgroundSender
from taskmill.feeds.contract import Feed
from taskmill.feeds.open import open_feed
from taskmill.portal import portal


class Transports:
    """They connect by themselves, on the running event loop."""

    def __init__(self, broker: str | None, feed: str | None) -> None:
        """URLs. Raises InvalidSettings."""
        self.broker: Broker | None = open_broker(broker) if broker else None
        self.feed: Feed | None = open_feed(feed) if feed else None
        self.tickets: BackgroundSender[Ticket] | None = BackgroundSender(self.broker.announce) if self.broker else None
        self.events: BackgroundSender[TaskEvent] | None = BackgroundSender(self.feed.emit) if self.feed else None

    async def close(self) -> None:
        """What is still to be told is sent, if that can be done soon."""
        for part in (self.tickets, self.events, self.broker, self.feed):
            if part is not None:
                await part.close()


class PortalTransports(Transports):
    """For a thread without an event loop: they live on the loop of the portal."""

    def __init__(self, broker: str | None, feed: str | None) -> None:
        portal().call(super().__init__, broker, feed)
        _to_flush.add(self)

    async def close(self) -> None:
        _to_flush.discard(self)
        portal().run(super().close())


_to_flush: "weakref.WeakSet[PortalTransports]" = weakref.WeakSet()


@atexit.register
def _flush() -> None:
    """A short script ends before its tickets are on their way."""
    for carriers in tuple(_to_flush):
        portal().run(Transports.close(carriers))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_to_flush.clear)
