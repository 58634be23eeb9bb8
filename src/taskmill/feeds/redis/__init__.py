"""The live feed on Redis: pub/sub, and a memory of the latest state and progress of each task."""

from taskmill.feeds.redis.feed import RedisFeed

__all__ = ["RedisFeed"]
