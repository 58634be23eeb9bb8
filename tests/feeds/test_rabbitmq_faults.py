"""RabbitMQ away, restarted, wiped, out of reach, in alarm: nothing but liveliness suffers, and all comes back."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from taskmill.core.errors import FeedUnavailable
from taskmill.core.events import TaskEvent
from taskmill.feeds.contract import EventFilter
from taskmill.feeds.rabbitmq import RabbitFeed
from taskmill.testing.conformance.feeds import an_event, heard
from tests.feeds.waiting import AVAILABILITY, again, emitted, missed
from tests.servers import Proxy, RabbitmqServer

pytestmark = pytest.mark.slow


@pytest.fixture
async def feed(rabbitmq: RabbitmqServer) -> AsyncIterator[RabbitFeed]:
    yield (feed := RabbitFeed(rabbitmq.url))
    await feed.close()


async def test_away_at_the_start_and_restarted(rabbitmq: RabbitmqServer, caplog: pytest.LogCaptureFixture) -> None:
    rabbitmq.kill()
    feed, event = RabbitFeed(rabbitmq.url), an_event()
    begin = time.monotonic()
    with pytest.raises(FeedUnavailable, match="cannot be reached") as refused:
        await feed.emit([event])
    assert refused.value.hint
    with pytest.raises(FeedUnavailable):
        await feed.watch(EventFilter())
    with pytest.raises(FeedUnavailable):
        await feed.ping()
    assert time.monotonic() - begin < 4
    rabbitmq.start()
    await emitted(feed, event)
    await again(feed.ping)
    subscription = await feed.watch(EventFilter(frozenset({event.id})))
    rabbitmq.kill()
    rabbitmq.wipe()
    rabbitmq.start()
    await missed(subscription)
    last = event._replace(version=9)
    await emitted(feed, last)
    assert await heard(subscription, 1) == [last]
    await feed.close()
    said = [record.getMessage() for record in caplog.records if record.name == AVAILABILITY]
    away, back = f"the live feed {feed.location} is away", f"the live feed {feed.location} is back"
    assert [line.partition(",")[0] for line in said] == [away, back, away, back]


@pytest.mark.parametrize("mode", ["cut", "half_open"])
async def test_a_link_that_breaks(rabbitmq: RabbitmqServer, mode: str) -> None:
    with Proxy(rabbitmq.url) as proxy:
        feed, event = RabbitFeed(proxy.url), an_event()
        subscription = await feed.watch(EventFilter(frozenset({event.id})))
        await feed.emit([event])
        assert await heard(subscription, 1) == [event]
        getattr(proxy, mode)()
        begin = time.monotonic()
        with pytest.raises(FeedUnavailable):
            await feed.emit([event])
        assert time.monotonic() - begin < 5
        proxy.pass_on()
        await missed(subscription)
        last = event._replace(version=9)
        await emitted(feed, last)
        assert (await heard(subscription, 1))[-1] == last
        await feed.close()


async def test_it_answers_slowly(rabbitmq: RabbitmqServer) -> None:
    with Proxy(rabbitmq.url) as proxy:
        feed, event = RabbitFeed(proxy.url), an_event()
        subscription = await feed.watch(EventFilter(frozenset({event.id})))
        proxy.slow(200)
        await emitted(feed, event)
        assert await heard(subscription, 1) == [event]
        await feed.close()


async def emit_forever(feed: RabbitFeed, event: TaskEvent) -> None:
    while True:
        await feed.emit([event])


async def test_its_alarm_is_an_error_at_once_and_keeps_nobody_from_hearing(
    rabbitmq: RabbitmqServer, feed: RabbitFeed
) -> None:
    event = an_event()
    subscription = await feed.watch(EventFilter(frozenset({event.id})))
    await feed.emit([event])
    assert await heard(subscription, 1) == [event]
    rabbitmq.set_alarm("memory", True)
    with pytest.raises(FeedUnavailable, match="alarm"):
        await asyncio.wait_for(emit_forever(feed, event), 5)  # the alarm reaches the connections a moment later
    rabbitmq.set_alarm("memory", False)
    last = event._replace(version=9)
    await emitted(feed, last)
    async with asyncio.timeout(10):
        while (await heard(subscription, 1))[-1] != last:
            """What was refused may come all the same."""
