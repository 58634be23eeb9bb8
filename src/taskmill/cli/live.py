"""What changes on the configured store, live: from the live feed, or from the store where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import click

from taskmill.cli.session import place_of
from taskmill.config.load import settings
from taskmill.core.errors import FeedUnavailable
from taskmill.core.events import TaskEvent
from taskmill.engine.live.follow import Follower
from taskmill.engine.live.polling_feed import PollingFeed
from taskmill.feeds.contract import EventFilter, Subscription
from taskmill.portal import Portal, portal
from taskmill.sdk.backend import Backend


class Live(NamedTuple):
    """Lives on the event loop of the portal."""

    there: Portal
    opened: Backend

    def task(self, id: str, patience: float) -> Iterator[list[TaskEvent]]:
        """What happens to it, up to its end; empty after so many seconds of silence. Raises NotFound, StoreError."""
        following = Follower(id, self.opened.live, self.opened.store)
        try:
            while not following.over:
                yield self.there.run(following.next(patience))
        finally:
            self.there.call(following.close)

    def tasks(self, where: EventFilter, patience: float) -> Iterator[list[TaskEvent]]:
        """What happens to all of these, without an end; at first nothing, as soon as all is heard."""
        watching, told = self.there.run(self._watch(where)), False
        try:
            yield []
            while True:
                yield self.there.run(watching.next(patience))
                if watching.lost and not told:
                    told = True
                    click.echo("hint: more changes than can be told; some are left out", err=True)
        finally:
            self.there.call(watching.close)

    async def _watch(self, where: EventFilter) -> Subscription:
        try:
            return await self.opened.live.watch(where)
        except FeedUnavailable as error:
            click.echo(f"hint: {error}; the store is looked at instead", err=True)
            return await PollingFeed(self.opened.store).watch(where)


@contextmanager
def live(config: str | None, **places: str | None) -> Iterator[Live]:
    """Raises InvalidSettings, StoreUnavailable."""
    there = portal()
    opened = there.call(Backend, place_of(settings(places, file=config)), "loop")
    try:
        there.run(opened.open())
        yield Live(there, opened)
    finally:
        there.run(opened.close())
