"""The live feed on RabbitMQ, which remembers nothing."""

import pytest

from taskmill.feeds.contract import Feed
from taskmill.feeds.rabbitmq import RabbitFeed
from taskmill.testing.conformance.feeds import FeedSuite


class TestRabbitmq(FeedSuite):
    remembers = False

    @pytest.fixture(autouse=True)
    def _server(self, amqp_url: str) -> None:
        self.url = amqp_url

    def make_feed(self) -> Feed:
        return RabbitFeed(self.url)
