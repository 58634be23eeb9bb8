"""The app of these tests."""

import asyncio
import logging
import os
import signal
import time

from taskmill import App

app = App(os.environ.get("CHAOS_STORE"))


@app.task
async def add(a: int, b: int) -> int:
    return a + b


@app.task
async def wait(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "waited"


@app.task
async def note_and_wait(path: str) -> None:
    open(path, "x").close()
    await asyncio.sleep(60)


@app.task(executor="processes")
def wait_in_process(path: str) -> None:
    with open(path, "a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(60)


@app.task
async def leave(code: int) -> None:
    os._exit(code)


@app.task
async def ignore_signals() -> str:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
    return "never"


@app.task
def block() -> None:
    time.sleep(60)


@app.task(executor="processes")
def speak_in_process() -> None:
    logging.getLogger("elsewhere").info("by logging")
