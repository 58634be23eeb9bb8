"""taskmill on PostgreSQL alone."""

from adapters import _taskmill
from adapters._taskmill import NOTE, PKGS  # noqa: F401

USES = ["pg"]
RESULTS = True
VARIANTS = {"default": {"note": NOTE}}
app, TASKS = _taskmill.build()
purge = _taskmill.purge


def workers():
    return _taskmill.workers(__name__)


async def submit(kind, i):
    return await TASKS[kind].aenqueue(i)


async def submit_many(kind, ids):
    return await _taskmill.many(TASKS[kind], ids)


async def result(handle):
    return await handle.aresult(timeout=30)


async def shutdown():
    await app.aclose()
