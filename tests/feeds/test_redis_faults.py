"""Redis away, restarted, flushed, out of reach: nothing but liveliness suffers, and it comes back by itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from taskmill.core.errors import FeedUnavailable, InvalidSettings
from taskmill.core.state import State
from taskmill.feeds.contract import EventFilter
from taskmill.feeds.redis import RedisFeed
from taskmill.feeds.redis.subscriber import RedisFeedTimings
from taskmill.testing.conformance.feeds import an_event, heard
from tests.feeds.waiting import AVAILABILITY, again, emitted, missed
from tests.servers import Proxy, RedisServer

pytestmark = pytest.mark.slow
QUICK = RedisFeedTimings(silence=0.3, pause=0.1, answer=3.0)


@pytest.fixture
async def feed(redis: RedisServer) -> AsyncIterator[RedisFeed]:
    yield (feed := RedisFeed(redis.url, QUICK))
    await feed.close()


@pytest.fixture
def proxy(redis: RedisServer) -> Iterator[Proxy]:
    with Proxy(redis.url) as proxy:
        yield proxy


async def test_away_at_the_start(redis: RedisServer) -> None:
    redis.stop()
    feed, event = RedisFeed(redis.url, QUICK), an_event()
    begin = time.monotonic()
    assert await feed.latest([event.id]) == {}
    with pytest.raises(FeedUnavailable, match=f"{redis.port}/0 cannot be reached") as refused:
        await feed.emit([event])
    assert refused.value.hint
    for _ in range(2):
        with pytest.raises(FeedUnavailable):
            await feed.watch(EventFilter())
    with pytest.raises(FeedUnavailable):
        await feed.ping()
    assert time.monotonic() - begin < 4
    redis.start()
    await emitted(feed, event)
    assert await feed.latest([event.id]) == {event.id: event}
    await again(feed.ping)
    await feed.close()


async def test_restarted(redis: RedisServer, feed: RedisFeed, caplog: pytest.LogCaptureFixture) -> None:
    event = an_event()
    subscription, wide = await feed.watch(EventFilter(frozenset({event.id}))), await feed.watch(EventFilter())
    await feed.emit([event])
    assert await heard(subscription, 1) == await heard(wide, 1) == [event]
    redis.restart()
    await missed(subscription)
    later = event._replace(version=9)
    await emitted(feed, later)
    assert await heard(subscription, 1) == await heard(wide, 1) == [later]
    said = [record.getMessage() for record in caplog.records if record.name == AVAILABILITY]
    assert len(said) == 2
    assert said[0].startswith(f"the live feed {feed.location} is away, whoever watches hears of changes later")
    assert said[1] == f"the live feed {feed.location} is back"


async def test_watchers_come_and_go_while_it_is_restarted(redis: RedisServer, feed: RedisFeed) -> None:
    """Nothing hangs, and those who stay miss no later event. redis-py's own PubSub does not pass this."""
    event = an_event()
    stays = [await feed.watch(EventFilter(frozenset({event.id}))), await feed.watch(EventFilter())]
    others = [asyncio.create_task(come_and_go(feed)) for _ in range(20)]
    for version in range(10, 15):
        lost = stays[0].lost
        await asyncio.to_thread(redis.restart)
        async with asyncio.timeout(20):
            while stays[0].lost == lost:
                await stays[0].next(None)
            later = event._replace(version=version)
            await emitted(feed, later)
            for subscription in stays:
                while later not in await subscription.next(None):
                    """What was there before."""
    assert not any(other.done() for other in others)
    for other in others:
        other.cancel()
    await asyncio.wait(others)


async def come_and_go(feed: RedisFeed) -> None:
    while True:
        try:
            subscription = await feed.watch(EventFilter(frozenset({an_event().id})))
            await asyncio.sleep(0.001)
            subscription.close()
        except FeedUnavailable:
            await asyncio.sleep(0.01)


async def test_flushed(redis: RedisServer, feed: RedisFeed) -> None:
    event = an_event(State.SUCCEEDED, 3)
    await feed.emit([event])
    redis.flush()
    assert await feed.latest([event.id]) == {}
    subscription = await feed.watch(EventFilter(frozenset({event.id})))
    await feed.emit([event])
    assert await heard(subscription, 1) == [event]
    assert await feed.latest([event.id]) == {event.id: event}


@pytest.mark.parametrize("mode", ["cut", "half_open"])
async def test_a_link_that_breaks(proxy: Proxy, redis: RedisServer, mode: str) -> None:
    feed, direct, event = RedisFeed(proxy.url, QUICK), RedisFeed(redis.url, QUICK), an_event()
    subscription = await feed.watch(EventFilter(frozenset({event.id})))
    await feed.emit([event])
    assert await heard(subscription, 1) == [event]
    getattr(proxy, mode)()
    begin = time.monotonic()
    assert await feed.latest([event.id]) == {}
    with pytest.raises(FeedUnavailable):
        await feed.emit([event])
    assert time.monotonic() - begin < 5
    await direct.emit([event._replace(version=5)])
    await asyncio.sleep(1.0)  # for a half-open link to be found out: nothing tells of it
    proxy.pass_on()
    await missed(subscription)
    last = event._replace(version=9)
    await emitted(feed, last)
    assert (await heard(subscription, 1))[-1] == last
    await feed.close()
    await direct.close()


async def test_it_answers_slowly(proxy: Proxy) -> None:
    feed, event = RedisFeed(proxy.url, replace(QUICK, silence=5.0)), an_event()
    subscription = await feed.watch(EventFilter(frozenset({event.id})))
    proxy.slow(200)
    await emitted(feed, event)
    assert await heard(subscription, 1) == [event]
    await feed.close()


async def test_an_unfinished_state_is_believed_for_seconds_only(feed: RedisFeed, redis: RedisServer) -> None:
    doubtful = RedisFeed(redis.url, replace(QUICK, believed=0))
    running, done = an_event(), an_event(State.SUCCEEDED, 3)
    await feed.emit([running, done])
    assert await doubtful.latest([running.id, done.id]) == {done.id: done}
    stale = running._replace(version=1)
    await feed.emit([stale])
    assert await feed.latest([running.id]) == {running.id: running}  # which it is compared with for longer
    await doubtful.close()


async def test_others_use_the_same_server(feed: RedisFeed, redis: RedisServer) -> None:
    """What is not ours is left alone, and another database is another place."""
    event = an_event()
    subscription, other = (
        await feed.watch(EventFilter(frozenset({event.id}))),
        RedisFeed(redis.url.removesuffix("0") + "3", QUICK),
    )
    await other.emit([event])
    await feed._client.publish(f"{feed._channels}task:{event.id}", b"not of ours")
    await feed._client.set(f"taskmill:task:{event.id}", b"not of ours")
    assert await feed.latest([event.id]) == {}
    await feed.emit([event._replace(version=7)])
    assert [one.version for one in await heard(subscription, 1)] == [7]
    await other.close()


def test_places_have_no_secrets() -> None:
    for url in ("redis://me:s3cret@example.org:1234/5", "rediss://:s3cret@example.org/?verify=no"):
        assert "s3cret" not in RedisFeed(url).location
    with pytest.raises(InvalidSettings, match="is no database of Redis"):
        RedisFeed("redis://example.org/tasks")
