"""From a URL to a live feed."""

from taskmill.core.errors import InvalidSettings
from taskmill.feeds.contract import Feed

KNOWN = "redis://host:6379/0, rediss://…, amqp://user:password@host:5672/vhost, amqps://… or memory://"


def open_feed(url: str) -> Feed:
    """The feed of a URL, on the running event loop; it connects by itself. Raises InvalidSettings."""
    scheme = url.partition("://")[0]
    if scheme in ("redis", "rediss"):
        from taskmill.feeds.redis import RedisFeed

        return RedisFeed(url)
    if scheme in ("amqp", "amqps"):
        from taskmill.feeds.rabbitmq import RabbitFeed

        return RabbitFeed(url)
    if scheme == "memory":
        from taskmill.feeds.memory import MemoryFeed

        return MemoryFeed()
    raise InvalidSettings(f"'{scheme}://' is not the URL of a live feed", hint=f"known are {KNOWN}")
