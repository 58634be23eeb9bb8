"""The app of these tests."""

import asyncio
import atexit
import contextlib
import json
import logging
import multiprocessing
import os
import re
import resource
import signal
import subprocess
import threading
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


@app.task
async def note_and_end(path: str) -> str:
    open(path, "x").close()
    await asyncio.sleep(1)
    return "ended"


@app.task(executor="processes")
def note_and_end_in_process(path: str) -> str:
    open(path, "x").close()
    time.sleep(1)
    return "ended"


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


def _use_pool(method: str) -> int:
    """Ends it while its children still work, as does whoever waits with a timeout."""
    pool = multiprocessing.get_context(method).Pool(2)
    total = sum(pool.map(abs, range(-3, 0)))
    with contextlib.suppress(multiprocessing.TimeoutError):
        pool.apply_async(time.sleep, (60,)).get(timeout=0.2)
    pool.terminate()
    pool.join()
    return total


@app.task
async def pool_on_the_loop(method: str) -> int:
    return _use_pool(method)


@app.task
def pool_in_a_thread(method: str) -> int:
    return _use_pool(method)


@app.task(executor="processes")
def pool_in_a_process(method: str) -> int:
    return _use_pool(method)


def _look(path: str) -> None:
    logging.getLogger("elsewhere").warning("from the child")
    numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1]
    handlers = [signal.getsignal(number) == signal.SIG_DFL for number in numbers]
    links = [os.readlink(f"/dev/fd/{fd}") for fd in range(256) if os.path.exists(f"/dev/fd/{fd}")]
    with open(path, "w") as file:
        json.dump([handlers, signal.set_wakeup_fd(-1), links], file)


def _look_in_child(path: str) -> int:
    child = multiprocessing.get_context("fork").Process(target=_look, args=(path,))
    child.start()
    child.join(10)
    return child.exitcode if child.exitcode is not None else 99


@app.task
async def look_on_the_loop(path: str) -> int:
    return _look_in_child(path)


@app.task
def look_in_a_thread(path: str) -> int:
    return _look_in_child(path)


@app.task(executor="processes")
def look_in_a_process(path: str) -> int:
    return _look_in_child(path)


@app.task
def hold_the_interpreter(letters: int) -> float:
    """One call into C that lets no other thread in, twice as long for each letter more. Returns how long it took."""
    began = time.monotonic()
    assert re.match(r"(a+)+$", "a" * letters + "b") is None
    return time.monotonic() - began


@app.task
async def note_and_sleep(path: str, seconds: float) -> str:
    with open(path, "a") as file:
        file.write("began\n")
    await asyncio.sleep(seconds)
    return "ended"


@app.task
async def leave_a_cycle() -> None:
    cycle: list[object] = [bytearray(4 * 2**20)]
    cycle[0][::4096] = bytes([1]) * 1024  # type: ignore[index]
    cycle.append(cycle)


@app.task
async def orphan(path: str) -> None:
    """Its program starts another one, which outlives it."""
    program = await asyncio.create_subprocess_exec("sh", "-c", f"setsid sleep 0.5 & echo $! > {path}")
    await program.wait()


@app.task
async def peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@app.task
async def own_links() -> list[str]:
    return [os.readlink(f"/dev/fd/{fd}") for fd in range(256) if os.path.exists(f"/dev/fd/{fd}")]


@app.task
async def leave_something(what: str) -> int:
    if what == "thread":
        threading.Thread(target=time.sleep, args=(120,), name="left-over").start()
    elif what == "job":
        asyncio.get_running_loop().run_in_executor(None, time.sleep, 120)
    elif what == "atexit":
        atexit.register(time.sleep, 120)
    else:
        multiprocessing.get_context("fork").Process(target=time.sleep, args=(120,), name="left-over").start()
    return os.getpid()


@app.task
async def interrupt_program() -> int:
    program = await asyncio.create_subprocess_exec("sleep", "60")
    program.send_signal(signal.SIGINT)
    return await asyncio.wait_for(program.wait(), 5)


@app.task(executor="processes")
def interrupt_program_in_process() -> int:
    program = subprocess.Popen(["sleep", "60"])
    program.send_signal(signal.SIGINT)
    return program.wait(5)


@app.task(executor="processes")
def speak_in_process() -> None:
    logging.getLogger("elsewhere").info("by logging")
