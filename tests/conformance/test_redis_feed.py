"""The live feed on Redis."""

import pytest

from taskmill.feeds.contract import Feed
from taskmill.feeds.redis import RedisFeed
from taskmill.testing.conformance.feeds import FeedSuite


class TestRedis(FeedSuite):
    @pytest.fixture(autouse=True)
    def _server(self, redis_url: str) -> None:
        self.url = redis_url

    def make_feed(self) -> Feed:
        return RedisFeed(self.url)
