"""The app of the crash tests: tasks of 5-50 ms that leave a line for each run they begin and end."""

import asyncio
import functools
import os
import sys
import time
import uuid

from taskmill import App

ALONE = sys.argv[0].endswith("attempts.py")
"""Whether this is a child in which a worker runs one attempt."""
WORKER = os.getppid() if ALONE else os.getpid()


@functools.cache
def _log() -> int:
    return os.open(os.environ["CHAOS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def _write(what: str, number: int, run: str) -> None:
    os.write(_log(), f"{what} {number} {run} {WORKER} {time.time():.6f}\n".encode())


async def on_the_loop(number: int, seconds: float) -> str:
    run = uuid.uuid4().hex
    _write("began", number, run)
    await asyncio.sleep(seconds)
    _write("ended", number, run)
    return f"{run} {WORKER}"


def in_a_thread(number: int, seconds: float) -> str:
    run = uuid.uuid4().hex
    _write("began", number, run)
    time.sleep(seconds)
    _write("ended", number, run)
    return f"{run} {WORKER}"


async def deadly(number: int) -> None:
    _write("began", number, uuid.uuid4().hex)
    os.kill(os.getpid(), 9)


def in_a_process(number: int, seconds: float) -> str:
    return in_a_thread(number, seconds)


def deadly_process(number: int) -> None:
    os.kill(os.getpid(), 9)


def make(store: str | None) -> App:
    app = App(store)
    for handler in (on_the_loop, in_a_thread, deadly):
        app.task(retries=0)(handler)
    for apart in (in_a_process, deadly_process):
        app.task(retries=0, executor="processes")(apart)
    return app


app = make(os.environ.get("CHAOS_STORE"))
