"""An app whose tasks print, read and log."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time

from taskmill import App, Cancel, Context, RetryPolicy, Snooze

app = App(os.environ.get("CHAOS_STORE"))


def _print() -> None:
    print("first\nsecond")
    print("to stderr", file=sys.stderr)
    sys.stdout.buffer.write(b"by bytes\n")
    sys.stdout.close()
    print("without an end", end="")


@app.task
async def print_on_the_loop() -> None:
    _print()


@app.task
def print_in_a_thread() -> None:
    _print()


@app.task(executor="processes")
def print_in_a_process() -> None:
    _print()


@app.task
async def die_on_the_loop() -> None:
    print("last words")
    os.kill(os.getpid(), signal.SIGKILL)


@app.task
def die_in_a_thread() -> None:
    print("last words")
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(executor="processes")
def die_in_a_process() -> None:
    print("last words")
    os.kill(os.getpid(), signal.SIGKILL)


@app.task
async def print_and_wait_on_the_loop() -> None:
    print("before the wait")
    await asyncio.sleep(60)


@app.task
def print_and_wait_in_a_thread() -> None:
    print("before the wait")
    time.sleep(60)


@app.task(executor="processes")
def print_and_wait_in_a_process() -> None:
    print("before the wait")
    time.sleep(60)


def _replace_streams() -> None:
    sys.stdout = None
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    sys.stderr.close()


@app.task
async def replace_on_the_loop() -> None:
    _replace_streams()


@app.task
def replace_in_a_thread() -> None:
    _replace_streams()


@app.task(executor="processes")
def replace_in_a_process() -> None:
    _replace_streams()


def _read() -> str:
    program = subprocess.run(["cat"], capture_output=True, text=True, check=True, timeout=10)
    return sys.stdin.read() + program.stdout + "nothing"


@app.task
async def read_on_the_loop() -> str:
    return _read()


@app.task
def read_in_a_thread() -> str:
    return _read()


@app.task(executor="processes")
def read_in_a_process() -> str:
    return _read()


def _talk() -> int:
    for number in range(100):
        print("line", number)
        print("line", number, file=sys.stderr, flush=True)
        os.write(1, b"raw\n")
    logging.getLogger("late").warning("a warning")
    return subprocess.run(["sh", "-c", "echo one; sleep 0.05; echo two && echo three >&2"], check=True).returncode


@app.task(retries=0)
async def talk_on_the_loop() -> int:
    return _talk()


@app.task(retries=0)
def talk_in_a_thread() -> int:
    return _talk()


@app.task(executor="processes", retries=0)
def talk_in_a_process() -> int:
    return _talk()


def _log(context: Context) -> None:
    logging.getLogger("early").info("early")
    logging.getLogger("late").info("late")
    logging.getLogger().info("root")
    logging.getLogger().warning("printed")
    context.logger.info("context")
    logging.getLogger("quiet").warning("not kept")
    logging.getLogger("late").debug("not kept")


@app.task
async def log_on_the_loop(context: Context) -> None:
    _log(context)


@app.task
def log_in_a_thread(context: Context) -> None:
    _log(context)


@app.task(executor="processes")
def log_in_a_process(context: Context) -> None:
    _log(context)


@app.task(retries=1, retry=RetryPolicy(base=0.01))
async def fail() -> None:
    raise ValueError("no\nworker-1[1] is what this line is not\x1b[31m")


@app.task
async def snooze_once(path: str) -> None:
    if not os.path.exists(path):
        open(path, "x").close()
        raise Snooze(0.01)


@app.task
async def give_up() -> None:
    raise Cancel("nobody wants it")


@app.task
async def succeed() -> None: ...


def _flood() -> None:
    for number in range(3000):
        print("line", number, "of a flood")


@app.task
async def flood_on_the_loop() -> None:
    _flood()


@app.task
def flood_in_a_thread() -> None:
    _flood()


@app.task(executor="processes")
def flood_in_a_process() -> None:
    _flood()
