"""What every broker must do, as tests. A new broker needs no more than this:

    class TestMyBroker(BrokerSuite):
        def make_broker(self) -> Broker:
            return MyBroker("my://localhost")

`make_broker` is called on the event loop of a test, which uses queues of its own: what other tests left behind does
no harm. Some tests consume as the contract says, most as a worker does, through its ticket buffer. pytest must be
installed.
"""

from taskmill.testing.conformance.brokers.case import BrokerCase
from taskmill.testing.conformance.brokers.delivery import Delivery
from taskmill.testing.conformance.brokers.priorities import Priorities
from taskmill.testing.conformance.brokers.workers import SharedByWorkers

__all__ = ["BrokerCase", "BrokerSuite"]


class BrokerSuite(Delivery, SharedByWorkers, Priorities):
    """All of it."""
