"""The least that a stored task over a quorum queue takes: asyncpg and pika bare, a table of five columns, nothing else.

It insists on nothing, mends nothing and keeps no result; it tells how much of a start is the two servers'.
"""

import asyncio
import itertools
import os
import sys

import asyncpg
import pika
from bodies import ASYNC
from pika.adapters.asyncio_connection import AsyncioConnection
from settings import AMQP, PG

PKGS = ["asyncpg", "pika", "uvloop"]
USES = ["pg", "rabbit"]
RESULTS = False
VARIANTS = {"default": {"note": "insert and ticket at the same time, claim by primary key; durable quorum queue"}}
QUEUE = "least"
TABLE = "CREATE TABLE IF NOT EXISTS least (id bigint PRIMARY KEY, kind text, i int, state text, owner int)"
INSERT = "INSERT INTO least VALUES ($1, $2, $3, 'ready')"
CLAIM = "UPDATE least SET state = 'running', owner = $2 WHERE id = $1 AND state = 'ready' RETURNING kind, i"
AGAIN = 0.0003
ids = itertools.count(1)
ends = {}


def workers():
    return 2 * [[sys.executable, "-m", __name__, "worker"]]


async def submit(kind, i):
    if not ends:
        ends["insert"], ends["channel"] = await connected(INSERT)
        ends["channel"].confirm_delivery(lambda _: None)
    id = next(ids)
    inserting = asyncio.ensure_future(ends["insert"].fetch(id, kind, i))
    await asyncio.sleep(0)  # it is on its way
    ends["channel"].basic_publish("", QUEUE, str(id).encode(), pika.BasicProperties(delivery_mode=2))
    await inserting


async def connected(statement):
    """The statement, prepared, and a channel."""
    loop = asyncio.get_running_loop()
    opened, channel, declared = loop.create_future(), loop.create_future(), loop.create_future()
    AsyncioConnection(pika.URLParameters(AMQP), opened.set_result)
    (await opened).channel(on_open_callback=channel.set_result)
    (await channel).queue_declare(
        QUEUE, durable=True, arguments={"x-queue-type": "quorum"}, callback=declared.set_result
    )
    await declared
    database = await asyncpg.connect(PG, server_settings={"plan_cache_mode": "force_generic_plan"})
    await database.execute(TABLE)
    return await database.prepare(statement), channel.result()


async def work():
    claim, channel = await connected(CLAIM)
    tickets = asyncio.Queue()
    channel.basic_qos(prefetch_count=10)
    channel.basic_consume(QUEUE, lambda _, method, __, body: tickets.put_nowait((method.delivery_tag, int(body))))
    while True:
        tag, id = await tickets.get()
        rows = await claim.fetch(id, os.getpid())
        while not rows:  # the ticket was faster than its insert
            await asyncio.sleep(AGAIN)
            rows = await claim.fetch(id, os.getpid())
        [(kind, i)] = rows
        await ASYNC[kind](i)
        channel.basic_ack(tag)


def purge():
    """Each run has a database and a vhost of its own."""


if __name__ == "__main__":
    import uvloop

    uvloop.run(work())
