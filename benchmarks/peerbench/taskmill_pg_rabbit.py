"""taskmill on PostgreSQL, with RabbitMQ as the broker."""

import contextlib

import pika
from adapters import _taskmill
from adapters._taskmill import NOTE
from settings import AMQP

PKGS = [*_taskmill.PKGS, "pika"]
USES = ["pg", "rabbit"]
RESULTS = True
VARIANTS = {"default": {"note": f"{NOTE}; durable quorum queues, publisher confirms"}}
app, TASKS = _taskmill.build(AMQP)


def workers():
    return _taskmill.workers(__name__, AMQP)


async def submit(kind, i):
    return await TASKS[kind].aenqueue(i)


async def submit_many(kind, ids):
    return await _taskmill.many(TASKS[kind], ids)


async def result(handle):
    return await handle.aresult(timeout=30)


def purge():
    _taskmill.purge()
    connection = pika.BlockingConnection(pika.URLParameters(AMQP))
    with contextlib.closing(connection), contextlib.suppress(pika.exceptions.ChannelClosedByBroker):
        connection.channel().queue_purge("taskmill.default.normal")  # there is none before the first announcement


async def shutdown():
    await app.aclose()
