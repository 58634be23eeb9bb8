"""Each test of a fault runs on every broker that is a server."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from taskmill.brokers.contract import Broker
from taskmill.brokers.open import open_broker
from taskmill.brokers.redis import RedisBroker
from taskmill.brokers.redis.consumer import RedisTimings
from tests.servers import Server

Opened = Callable[..., AbstractAsyncContextManager[Broker]]


@pytest.fixture(params=["rabbitmq", "redis"])
def server(request: pytest.FixtureRequest) -> Server:
    """A server of our own: it may be killed and wiped."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def opened() -> Opened:
    @asynccontextmanager
    async def broker_of(url: str, timings: RedisTimings | None = None) -> AsyncIterator[Broker]:
        """`timings`: for Redis."""
        broker = RedisBroker(url, timings) if timings and url.startswith("redis") else open_broker(url)
        try:
            yield broker
        finally:
            await broker.close()

    return broker_of
