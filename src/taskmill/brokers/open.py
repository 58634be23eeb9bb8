"""From a URL to a broker."""

from taskmill.brokers.contract import Broker
from taskmill.core.extras import needs
from taskmill.core.urls import scheme_of

SCHEMES = ("amqp", "amqps", "redis", "rediss", "memory")
KNOWN = "amqp://user:password@host:5672/vhost, amqps://…, redis://host:6379/0, rediss://… or memory://"


def open_broker(url: str) -> Broker:
    """The broker of a URL, on the running event loop; it connects by itself. Raises InvalidSettings."""
    scheme = broker_scheme(url)
    if scheme in ("amqp", "amqps"):
        with needs("rabbitmq", "the broker RabbitMQ"):
            from taskmill.brokers.rabbitmq import RabbitBroker
        return RabbitBroker(url)
    if scheme in ("redis", "rediss"):
        with needs("redis", "the broker Redis"):
            from taskmill.brokers.redis import RedisBroker
        return RedisBroker(url)
    from taskmill.brokers.memory import MemoryBroker

    return MemoryBroker()


def broker_scheme(url: str) -> str:
    """Which kind of broker. Raises InvalidSettings when the URL is that of none."""
    return scheme_of(url, "a broker", SCHEMES, KNOWN)
