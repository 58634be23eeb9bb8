"""RabbitMQ as the broker."""

import pytest

from taskmill.brokers.contract import Broker
from taskmill.brokers.rabbitmq import RabbitBroker
from taskmill.testing.conformance.brokers import BrokerSuite


class TestRabbitmq(BrokerSuite):
    @pytest.fixture(autouse=True)
    def server(self, amqp_url: str) -> None:
        self.url = amqp_url

    def make_broker(self) -> Broker:
        return RabbitBroker(self.url)
