"""Do the broker and the live feed carry something there and back?"""

from collections.abc import Callable
from contextlib import suppress

from taskmill.brokers.contract import Broker
from taskmill.brokers.open import open_broker
from taskmill.cli.checks.finding import Finding, fine, looked, timed
from taskmill.feeds.contract import Feed
from taskmill.feeds.open import open_feed

BROKER_AWAY = "is it running, and is the setting `broker` right? Tasks run all the same, a little later"
FEED_AWAY = "is it running, and is the setting `feed` right? Tasks run all the same; those who watch see less"


async def broker(url: str) -> list[Finding]:
    return await looked("broker", lambda: _there_and_back("broker", "ticket", lambda: open_broker(url)), BROKER_AWAY)


async def feed(url: str) -> list[Finding]:
    return await looked("feed", lambda: _there_and_back("feed", "event", lambda: open_feed(url)), FEED_AWAY)


async def _there_and_back(check: str, carried: str, make: Callable[[], Broker | Feed]) -> list[Finding]:
    carrier = make()
    try:
        took = await timed(carrier.ping())
        return [fine(check, f"{carrier.place}, one {carried} there and back in {took}")]
    finally:
        with suppress(Exception):  # it has answered, or what it failed with is told
            await carrier.close()
