"""Task types that end in every way an attempt can end."""

import asyncio
import decimal
import logging
import os
import sys
import threading
import time
from contextvars import ContextVar

from taskmill import App, Cancel, Context, Fail, Retry, RetryPolicy, Snooze

app = App("memory://")
quick = RetryPolicy(growth="fixed", base=0.01, jitter="none")


class Refused(ValueError):
    pass


@app.task
async def add(a: int, b: int) -> int:
    return a + b


noted: list[int] = []
"""In the order in which they began."""


@app.task
async def note(number: int) -> None:
    noted.append(number)


@app.task
async def note_slowly(number: int) -> None:
    noted.append(number)
    await asyncio.sleep(0.002)


@app.task
def add_in_thread(a: int, b: int) -> int:
    return a + b


@app.task(executor="processes")
def add_in_process(a: int, b: int) -> int:
    return a + b


@app.task
async def pid_on_the_loop() -> int:
    return os.getpid()


@app.task(executor="processes")
def neighbours(folder: str) -> int:
    """How many of these run at once, itself among them."""
    own = os.path.join(folder, str(os.getpid()))
    os.close(os.open(own, os.O_CREAT))
    time.sleep(0.1)
    found = len(os.listdir(folder))
    os.unlink(own)
    return found


@app.task(executor="processes")
def pid() -> int:
    return os.getpid()


@app.task(retries=2, retry=quick)
async def fail(message: str) -> None:
    raise ValueError(message)


@app.task(retries=5, retry=RetryPolicy(growth="fixed", base=0.01, give_up_on=("ValueError",)))
async def refuse() -> None:
    raise Refused("no")


@app.task(retries=5, retry=quick)
async def third_time(ctx: Context) -> int:
    if ctx.attempt < 3:
        raise ConnectionError("busy")
    return ctx.attempt


@app.task(retries=5)
async def asks_again(ctx: Context) -> int:
    if ctx.attempt == 1:
        raise Retry(delay=0.01)
    return ctx.attempt


@app.task
async def snoozes(ctx: Context, path: str) -> int:
    if not os.path.exists(path):
        with open(path, "w"):
            return Snooze(0.01)  # type: ignore[return-value]
    return ctx.attempt


@app.task(retries=5)
async def gives_up() -> None:
    raise Fail("hopeless")


@app.task
async def cancels_itself() -> None:
    raise Cancel("not needed")


@app.task
async def unusable_result() -> object:
    return object()


@app.task(executor="processes", retries=5)
def exits() -> None:
    sys.exit(3)


@app.task
async def speaks(ctx: Context) -> None:
    ctx.log("by the context")
    logging.getLogger("elsewhere").warning("by logging")
    for line in range(1000):
        ctx.log(f"line {line}")


@app.task
async def waits(ctx: Context, seconds: float = 60.0) -> str:
    ctx.progress(0.4, "waiting")
    await asyncio.sleep(seconds)
    return "waited"


@app.task
async def blocks_the_loop(seconds: float) -> None:
    time.sleep(seconds)


@app.task
def waits_in_thread(ctx: Context) -> str:
    ctx.progress(0.4, "waiting")
    while True:
        ctx.raise_if_cancelled()
        time.sleep(0.005)


@app.task(executor="processes")
def waits_in_process(ctx: Context) -> str:
    ctx.progress(0.4, "waiting")
    while True:
        ctx.raise_if_cancelled()
        time.sleep(0.005)


@app.task(retries=0)
def deaf_in_thread() -> None:
    while True:
        time.sleep(0.005)


@app.task(executor="processes", retries=0)
def deaf_in_process() -> None:
    while True:
        try:
            time.sleep(60)
        except BaseException:
            continue


@app.task(executor="processes")
def hangs_in_process(ctx: Context) -> None:
    """As some libraries do: only a thread of its own notices that the task was cancelled."""

    def watch() -> None:
        while not ctx.cancelled:
            time.sleep(0.005)
        ctx.give_up()

    threading.Thread(target=watch, daemon=True).start()
    ctx.progress(0.4, "waiting")
    while True:
        time.sleep(60)


@app.task(executor="processes")
def crashes() -> None:
    os.kill(os.getpid(), 11)


ODD = "caf\udce9\0"
"""The name of a file as the system gives it, when it is no UTF-8; and a NUL."""


def say_odd(ctx: Context, how: str) -> str:
    ctx.log(ODD, ODD)
    ctx.progress(0.5, ODD)
    if how == "raise":
        raise ValueError(ODD)
    if how == "fail":
        raise Fail(ODD)
    return ODD


odd_in_thread = app.task(name="odd_in_thread", retries=0)(say_odd)
odd_in_process = app.task(name="odd_in_process", retries=0, executor="processes")(say_odd)


@app.task(retries=0)
async def odd_inline(ctx: Context, how: str) -> str:
    return say_odd(ctx, how)


tenant: ContextVar[str] = ContextVar("tenant", default="nobody")
decimal.getcontext().prec = 30


def work_for(name: str | None) -> list[str | int]:
    """What an attempt finds in the context of its thread or task, before it changes that if it is for somebody."""
    found: list[str | int] = [tenant.get(), decimal.getcontext().prec]
    if name is not None:
        tenant.set(name)
        decimal.getcontext().prec = 3
    return found


work_for_in_thread = app.task(name="work_for_in_thread")(work_for)
work_for_in_process = app.task(name="work_for_in_process", executor="processes")(work_for)


@app.task
async def work_for_inline(name: str | None) -> list[str | int]:
    found = work_for(name)
    await asyncio.sleep(0)
    assert tenant.get() == (name or "nobody")  # its own change lasts as long as the attempt
    return found
