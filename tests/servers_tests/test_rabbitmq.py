import contextlib

import pika
import pytest
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, ConnectionBlockedTimeout

from tests.servers import RabbitmqServer
from tests.servers.rabbitmq import ExternalRabbitmq, Resource

pytestmark = pytest.mark.slow


def publish(url: str, queue: str, kind: str = "classic") -> None:
    """One durable message in a durable queue, confirmed."""
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": kind})
        channel.basic_publish("", queue, b"-", pika.BasicProperties(delivery_mode=2), mandatory=True)


def holds(url: str, queue: str) -> bool:
    """Whether there is the queue, and a message in it, which is left there."""
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        with contextlib.suppress(ChannelClosedByBroker):
            return connection.channel().basic_get(queue)[0] is not None
        return False


def test_a_fresh_vhost_is_empty_and_gone_afterwards(rabbitmq: RabbitmqServer) -> None:
    with rabbitmq.fresh() as one, rabbitmq.fresh() as other:
        publish(one, "q")
        assert holds(one, "q")
        assert not holds(other, "q")
    with pytest.raises(AMQPConnectionError, match="not found"):
        holds(one, "q")


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_a_kill_keeps_durable_queues_and_wiping_loses_them(rabbitmq: RabbitmqServer, kind: str) -> None:
    publish(rabbitmq.url, "kept", kind)
    rabbitmq.settle()
    rabbitmq.kill()
    with pytest.raises(AMQPConnectionError):
        holds(rabbitmq.url, "kept")
    rabbitmq.start()
    assert holds(rabbitmq.url, "kept")
    rabbitmq.wipe()
    rabbitmq.start()
    assert not holds(rabbitmq.url, "kept")


@pytest.mark.parametrize("resource", ["memory", "disk"])
def test_an_alarm_blocks_who_publishes(rabbitmq: RabbitmqServer, resource: Resource) -> None:
    parameters = pika.URLParameters(rabbitmq.url)
    parameters.blocked_connection_timeout = 0.2
    rabbitmq.set_alarm(resource, True)
    channel = pika.BlockingConnection(parameters).channel()
    channel.confirm_delivery()
    channel.queue_declare("q", durable=True)
    with pytest.raises(ConnectionBlockedTimeout):
        channel.basic_publish("", "q", b"-")
    rabbitmq.set_alarm(resource, False)
    publish(rabbitmq.url, "r")


def test_a_given_node_lends_vhosts() -> None:
    with RabbitmqServer(management=True) as server:
        given = ExternalRabbitmq(server.url, f"http://127.0.0.1:{server.api_port}")
        with given.fresh() as url:
            publish(url, "q")
        with pytest.raises(AMQPConnectionError, match="not found"):
            holds(url, "q")
