"""RabbitMQ as the broker: a durable quorum queue for each lane, confirmed messages, connections that come back."""

from taskmill.brokers.rabbitmq.broker import RabbitBroker

__all__ = ["RabbitBroker"]
