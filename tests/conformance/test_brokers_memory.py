"""The memory broker, which is the reference."""

from taskmill.brokers.contract import Broker
from taskmill.brokers.memory import MemoryBroker
from taskmill.testing.conformance.brokers import BrokerSuite


class TestMemory(BrokerSuite):
    def make_broker(self) -> Broker:
        return MemoryBroker()
