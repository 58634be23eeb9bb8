"""What every broker must do, as tests. A new broker needs no more than this:

    class TestMyBroker(BrokerSuite):
        def make_broker(self) -> Broker:
            return MyBroker("my://localhost")

`make_broker` is called on the event loop of a test, which uses queues of its own: what other tests left behind does
no harm. pytest must be installed.
"""

from taskmill.testing.conformance.brokers.case import BrokerCase
from taskmill.testing.conformance.brokers.choosing import Choosing
from taskmill.testing.conformance.brokers.delivering import Delivering
from taskmill.testing.conformance.brokers.sharing import Sharing

__all__ = ["BrokerCase", "BrokerSuite"]


class BrokerSuite(Delivering, Sharing, Choosing):
    """All of it."""
