"""Task types that do what no handler should."""

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Coroutine
from pathlib import Path

from taskmill import App, Context, Fail, Retry, RetryPolicy, Snooze, current
from taskmill.executors.contract import StopRequested

app = App("memory://")


class Mute(Exception):
    def __str__(self) -> str:
        raise SystemExit("no words")


class Careless(Retry):
    def __init__(self) -> None:
        """Without that of its base."""


class Wordy(Fail):
    def __str__(self) -> str:
        return "x" * 10_000_000


class Broken:
    def __getattribute__(self, name: str) -> object:
        raise ZeroDivisionError("nothing of mine works")


def deep() -> None:
    deep()


ERRORS = {
    "BaseException": BaseException,
    "SystemExit": SystemExit,
    "KeyboardInterrupt": KeyboardInterrupt,
    "GeneratorExit": GeneratorExit,
    "CancelledError": asyncio.CancelledError,
    "StopIteration": StopIteration,
    "StopAsyncIteration": StopAsyncIteration,
    "TimeoutError": TimeoutError,
    "Mute": Mute,
    "Careless": Careless,
    "Wordy": Wordy,
}


def misbehave(how: str) -> object:
    if how in ERRORS:
        raise ERRORS[how]
    if how == "deep":
        deep()
    return {"huge": "x" * 5_000_000, "broken": Broken(), "endless": iter(int, 1), "whole file": sys.stderr}[how]


@app.task(retries=0)
async def on_the_loop(how: str) -> object:
    return misbehave(how)


@app.task(retries=0)
def in_a_thread(how: str) -> object:
    return misbehave(how)


@app.task(retries=0, executor="processes")
def in_a_process(how: str) -> object:
    return misbehave(how)


@app.task(retries=0)
async def ends_itself(wait: bool) -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    if wait:
        await asyncio.sleep(60)
    return "returned"


@app.task(retries=0)
async def goes_on(ctx: Context, seconds: float) -> str:
    """Whatever it is told."""
    ctx.progress(0.5)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            await asyncio.sleep(end - time.monotonic())
        except asyncio.CancelledError:
            continue
    return "went on"


@app.task(retries=0)
async def two_at_once() -> str:
    """Needs a task group that is not disturbed by what earlier handlers left behind."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(60))
            raise ZeroDivisionError
    except* ZeroDivisionError:
        pass
    return "in order"


@app.task(retries=0)
async def ends_the_neighbours() -> None:
    for task in asyncio.all_tasks():
        if "Slots._serve" in str(task.get_coro()) or "Worker._" in str(task.get_coro()):
            task.cancel()


@app.task(retries=1)
async def rests(kind: str, seconds: str) -> None:
    raise Retry(float(seconds)) if kind == "retry" else Snooze(float(seconds))


@app.task
def talks_on(ctx: Context) -> str:
    """After its end, too."""

    def talk() -> None:
        for number in range(300):
            ctx.log(f"line {number}")
            ctx.progress(number / 300)
            time.sleep(0.001)

    threading.Thread(target=talk, name="talks on").start()
    return "returned"


@app.task
async def logs_badly() -> str:
    logging.getLogger("misbehaving").warning("%d of %d", "one")
    return "returned"


@app.task(retries=0)
def sleeps_in_c(seconds: float) -> None:
    time.sleep(seconds)


@app.task(executor="processes", retries=0)
def closes(first: int) -> str:
    os.closerange(first, 20)
    time.sleep(0.1)
    return "returned"


@app.task(executor="processes")
def prints(megabytes: int) -> str:
    for _ in range(megabytes):
        print("x" * 1_000_000)
    return "returned"


@app.task(executor="processes")
def says_much(ctx: Context) -> str:
    for _ in range(1_000):
        ctx.log("x" * 200_000)
    return "returned"


@app.task(executor="processes")
def forks_in_a_process() -> str:
    if os.fork() == 0:
        return "the copy"
    os.wait()
    return "returned"


@app.task
def goes_on_until_told(path: str) -> None:
    """Blocks, then looks whether it should stop, and swallows what it can."""
    ctx = current()
    assert ctx is not None
    try:
        time.sleep(0.5)
        while not ctx.cancelled:
            time.sleep(0.01)
    except Exception as error:
        with open(path, "a") as file:
            file.write(f"swallowed {error!r}\n")
    finally:
        with open(path, "a") as file:
            file.write(f"cancelled {ctx.cancelled}\n")


@app.task
def swallows_exceptions(path: str) -> str:
    end = time.monotonic() + 20
    try:
        while time.monotonic() < end:
            try:
                time.sleep(0.01)
            except Exception:
                continue
        return "not stopped"
    finally:
        with open(path, "a") as file:
            file.write("left\n")


@app.task
def waits_behind_a_plain_function(path: str) -> Coroutine[None, None, None]:
    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            Path(path).write_text("freed\n")

    return wait()


@app.task(retry=RetryPolicy("fixed", 0.0))
def runs_over(path: str) -> None:
    """Writes down when it begins and ends; a call into C does not hear that its time is over."""
    for what, seconds in (("began", 2.5), ("ended", 0.0)):
        with open(path, "a") as file:
            file.write(f"{what}\n")
        try:
            time.sleep(seconds)
        except StopRequested:
            continue
    # The exception that was set comes when the call returns, in the line after it.


@app.task
async def swallows_its_cancellation(way: str) -> str:
    try:
        await asyncio.sleep(20)
    except asyncio.CancelledError:
        if way == "raises":
            raise ValueError("on the way out") from None
        if way == "retries":
            raise Retry(60, "after its timeout") from None
    return "as if nothing had happened"


@app.task
def forks_in_a_thread() -> str:
    child = os.fork()
    if child == 0:
        return "the copy"
    os.waitpid(child, 0)
    return "returned"


@app.task(executor="processes")
def starts_a_program(path: str) -> None:
    import subprocess

    program = subprocess.Popen(["sleep", "60"])
    with open(path, "w") as file:
        file.write(str(program.pid))
    program.wait()


@app.task(executor="processes", retries=0)
def too_long_for_the_pipe() -> str:
    class Text(str):
        def __len__(self) -> int:
            return 1

    return Text("x" * 70_000_000)
