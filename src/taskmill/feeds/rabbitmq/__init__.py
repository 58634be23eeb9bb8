"""The live feed on RabbitMQ: a topic exchange of events, and a queue for questions."""

from taskmill.feeds.rabbitmq.feed import RabbitFeed

__all__ = ["RabbitFeed"]
