"""From `amqp://user:password@host:5672/vhost` to what pika connects with. Without a vhost it is `/`."""

import logging

import pika

from taskmill.core.locations import Location, locate

PORTS = {"amqp": 5672, "amqps": 5671}
HEARTBEAT = 8
"""Seconds; each side tells twice as often that it lives."""
CONNECT = 3.0
"""Seconds for TCP; one more for TLS and AMQP."""

# It logs with tracebacks each time that a server cannot be reached. What matters of that comes back as an error.
logging.getLogger("pika").setLevel(logging.CRITICAL)


def locate_rabbitmq(url: str) -> Location:
    """Raises InvalidSettings."""
    scheme = url.partition("://")[0]
    location = locate(url, PORTS[scheme], tls=scheme == "amqps")
    return location._replace(path=location.path or "/")


def parameters(location: Location, name: str) -> pika.ConnectionParameters:
    """`name` is shown in RabbitMQ's list of connections. Raises InvalidSettings."""
    context = location.tls_context()
    return pika.ConnectionParameters(
        host=location.host,
        port=location.port,
        virtual_host=location.path,
        credentials=pika.PlainCredentials(location.user or "guest", location.password or "guest"),
        heartbeat=HEARTBEAT,
        socket_timeout=CONNECT,
        stack_timeout=CONNECT + 1,
        ssl_options=context and pika.SSLOptions(context, location.host),
        client_properties={"connection_name": name},
    )
