"""The app of the courses: handlers that leave a line for each time they begin and end."""

import asyncio
import functools
import os
import sys
import time
import uuid

from taskmill import App, Context, RetryPolicy
from tests.chaos.faults import dying
from tests.chaos.faults.history import Log

ALONE = sys.argv[0].endswith("attempts.py")
"""Whether this is the child in which a worker runs a task that another worker died with."""
WORKER = os.getppid() if ALONE else os.getpid()


@functools.cache
def _log() -> Log:
    return Log(os.environ["CHAOS_RUNS"])


def _began(ctx: Context) -> str:
    run = f"run-{uuid.uuid4().hex}"
    _log().write(what="began", id=ctx.task.id, attempt=ctx.attempt, run=run, pid=WORKER, at=time.time())
    return run


def _ended(run: str) -> str:
    _log().write(what="ended", run=run, at=time.time())
    return run


async def on_the_loop(ctx: Context, seconds: float) -> str:
    run = _began(ctx)
    await asyncio.sleep(seconds)
    return _ended(run)


def in_a_thread(ctx: Context, seconds: float) -> str:
    run = _began(ctx)
    time.sleep(seconds)
    return _ended(run)


async def long(ctx: Context, seconds: float) -> str:
    """Tells its progress, and stops when it is asked to."""
    run = _began(ctx)
    for step in range(20):
        ctx.progress(step / 20, "step by step")
        ctx.raise_if_cancelled()
        await asyncio.sleep(seconds / 20)
    return _ended(run)


async def second_time(ctx: Context, seconds: float) -> str:
    """Raises at its first attempt."""
    run = _began(ctx)
    await asyncio.sleep(seconds)
    if ctx.attempt < 2:
        raise ValueError(run)
    return _ended(run)


async def never(ctx: Context, seconds: float) -> None:
    run = _began(ctx)
    await asyncio.sleep(seconds)
    raise ValueError(run)


app = App(os.environ["TEST_STORE"], broker=os.environ.get("TEST_BROKER"), feed=os.environ.get("TEST_FEED"))
for _handler in (on_the_loop, in_a_thread, long, second_time, never):
    app.task(retries=2, retry=RetryPolicy("fixed", 0.2))(_handler)
dying.prepare()
