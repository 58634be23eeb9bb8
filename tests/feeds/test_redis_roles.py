"""The feed's Redis becomes a replica while connections to it stand: they are left, one line says so, and whoever
watches hears of what the primary of today is told."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import redis.asyncio as client

from taskmill.core.errors import FeedUnavailable
from taskmill.feeds.contract import EventFilter
from taskmill.feeds.redis import RedisFeed
from taskmill.feeds.redis.subscriber import RedisFeedTimings
from taskmill.testing.conformance.feeds import an_event, heard
from tests.feeds.waiting import AVAILABILITY, again, emitted, missed
from tests.servers import Proxy, RedisServer

pytestmark = pytest.mark.slow
QUICK = RedisFeedTimings(pause=0.05)


@pytest.fixture
def other() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def proxy(redis: RedisServer) -> Iterator[Proxy]:
    with Proxy(redis.url) as proxy:
        yield proxy


@pytest.fixture
async def feed(proxy: Proxy) -> AsyncIterator[RedisFeed]:
    yield (feed := RedisFeed(proxy.url, QUICK))
    await feed.close()


async def refused(feed: RedisFeed) -> None:
    """By Redis, not because it refused a moment ago."""
    async with asyncio.timeout(10):
        while True:
            with pytest.raises(FeedUnavailable) as error:
                await feed.emit([an_event()])
            if "name the primary" in str(error.value.hint):
                return
            await asyncio.sleep(0.01)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [record.getMessage() for record in caplog.records if record.name == AVAILABILITY]
    return ["away" if " is away" in line else "back" for line in lines]


async def test_a_replica_is_away_until_it_is_a_primary_again(
    redis: RedisServer, other: RedisServer, feed: RedisFeed, caplog: pytest.LogCaptureFixture
) -> None:
    event = an_event()
    subscription = await feed.watch(EventFilter(frozenset({event.id})))
    await feed.emit([event])
    assert await heard(subscription, 1) == [event]
    redis.follow(other)
    for _ in range(5):
        await refused(feed)
        await feed.latest([event.id])  # which a replica tells
    with pytest.raises(FeedUnavailable):
        await feed.ping()
    await missed(subscription)
    assert said(caplog) == ["away"]
    redis.follow(None)
    await again(feed.ping)
    later = event._replace(version=9)
    await emitted(feed, later)
    assert (await heard(subscription, 1))[-1] == later
    assert said(caplog) == ["away", "back"]


async def test_whoever_watches_goes_along_to_the_primary_of_today(
    redis: RedisServer, other: RedisServer, proxy: Proxy, feed: RedisFeed, caplog: pytest.LogCaptureFixture
) -> None:
    direct, event = RedisFeed(other.url, QUICK), an_event()
    subscription = await feed.watch(EventFilter(frozenset({event.id})))
    await feed.emit([event])
    assert await heard(subscription, 1) == [event]
    proxy.lead_to(other.url)
    redis.follow(other)
    with pytest.raises(FeedUnavailable):
        await feed.emit([event])
    await missed(subscription)
    later = event._replace(version=9)
    await direct.emit([later])
    assert (await heard(subscription, 1))[-1] == later
    await emitted(feed, later)
    async with client.Redis.from_url(redis.url) as admin:
        assert [one for one in await admin.client_list() if one["name"] == "taskmill"] == []
    assert said(caplog) == ["away", "back"]
    await direct.close()
