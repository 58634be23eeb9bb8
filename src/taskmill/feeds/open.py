"""From a URL to a live feed."""

from taskmill.core.extras import needs
from taskmill.core.urls import scheme_of
from taskmill.feeds.contract import Feed

SCHEMES = ("redis", "rediss", "amqp", "amqps", "memory")
KNOWN = "redis://host:6379/0, rediss://…, amqp://user:password@host:5672/vhost, amqps://… or memory://"


def open_feed(url: str) -> Feed:
    """The feed of a URL, on the running event loop; it connects by itself. Raises InvalidSettings."""
    scheme = feed_scheme(url)
    if scheme in ("redis", "rediss"):
        with needs("redis", "the live feed of Redis"):
            from taskmill.feeds.redis import RedisFeed
        return RedisFeed(url)
    if scheme in ("amqp", "amqps"):
        with needs("rabbitmq", "the live feed of RabbitMQ"):
            from taskmill.feeds.rabbitmq import RabbitFeed
        return RabbitFeed(url)
    from taskmill.feeds.memory import MemoryFeed

    return MemoryFeed()


def feed_scheme(url: str) -> str:
    """Which kind of feed. Raises InvalidSettings when the URL is that of none."""
    return scheme_of(url, "a live feed", SCHEMES, KNOWN)
