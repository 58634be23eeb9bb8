"""From a URL to a broker."""

from taskmill.brokers.contract import Broker
from taskmill.core.errors import InvalidSettings

KNOWN = "amqp://user:password@host:5672/vhost, amqps://…, redis://host:6379/0, rediss://… or memory://"


def open_broker(url: str) -> Broker:
    """The broker of a URL, on the running event loop; it connects by itself. Raises InvalidSettings."""
    scheme = url.partition("://")[0]
    if scheme in ("amqp", "amqps"):
        from taskmill.brokers.rabbitmq import RabbitBroker

        return RabbitBroker(url)
    if scheme in ("redis", "rediss"):
        from taskmill.brokers.redis import RedisBroker

        return RedisBroker(url)
    if scheme == "memory":
        from taskmill.brokers.memory import MemoryBroker

        return MemoryBroker()
    raise InvalidSettings(f"'{scheme}://' is not the URL of a broker", hint=f"known are {KNOWN}")
