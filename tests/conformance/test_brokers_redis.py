"""Redis as the broker."""

import pytest

from taskmill.brokers.contract import Broker
from taskmill.brokers.redis import RedisBroker
from taskmill.testing.conformance.brokers import BrokerSuite


class TestRedis(BrokerSuite):
    @pytest.fixture(autouse=True)
    def server(self, redis_url: str) -> None:
        self.url = redis_url

    def make_broker(self) -> Broker:
        return RedisBroker(self.url)
