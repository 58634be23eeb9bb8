"""Redis or Valkey as the broker: a stream for each lane, on which all workers are one consumer group."""

from taskmill.brokers.redis.broker import RedisBroker

__all__ = ["RedisBroker"]
