"""RabbitMQ as the broker: a durable quorum queue for each line, confirmed messages, connections that come back."""

from taskmill.brokers.rabbitmq.broker import RabbitBroker

__all__ = ["RabbitBroker"]
