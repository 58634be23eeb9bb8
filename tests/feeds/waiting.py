"""What tests of live feeds on real servers wait for."""

import asyncio
from collections.abc import Awaitable, Callable

from taskmill.core.errors import FeedUnavailable
from taskmill.core.events import TaskEvent
from taskmill.feeds.contract import Feed, Subscription

LONG = 30.0
AVAILABILITY = "taskmill.wires.availability"


async def again(work: Callable[[], Awaitable[None]]) -> None:
    """As soon as it can be done."""
    async with asyncio.timeout(LONG):
        while True:
            try:
                return await work()
            except FeedUnavailable:
                await asyncio.sleep(0.05)


async def emitted(feed: Feed, event: TaskEvent) -> None:
    await again(lambda: feed.emit([event]))


async def missed(subscription: Subscription) -> None:
    async with asyncio.timeout(LONG):
        while not subscription.lost:
            await subscription.next(None)
