"""taskmill on PostgreSQL, with Redis as the broker."""

import redis
from adapters import _taskmill
from adapters._taskmill import NOTE
from settings import REDIS

PKGS = [*_taskmill.PKGS, "redis"]
USES = ["pg", "redis"]
RESULTS = True
VARIANTS = {"default": {"note": f"{NOTE}; streams, append-only file each second"}}
app, TASKS = _taskmill.build(REDIS)


def workers():
    return _taskmill.workers(__name__, REDIS)


async def submit(kind, i):
    return await TASKS[kind].aenqueue(i)


async def submit_many(kind, ids):
    return await _taskmill.many(TASKS[kind], ids)


async def result(handle):
    return await handle.aresult(timeout=30)


def purge():
    _taskmill.purge()
    with redis.Redis.from_url(REDIS) as client:
        client.flushdb()


async def shutdown():
    await app.aclose()
