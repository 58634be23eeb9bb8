"""Programs as people write them, each run to its end: loops that come and go, forks, the end of the interpreter."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.slow

START = """
import asyncio, atexit, os, sys, threading, warnings
from taskmill import App, TaskmillError

app = App(os.environ["STORE"], broker=os.environ.get("BROKER") or None, feed=os.environ.get("BROKER") or None)

@app.task
def work(number: int = 0) -> int:
    return number

@app.task
async def loop() -> str:
    return type(asyncio.get_running_loop()).__module__

def stored(handle):
    with open("stored", "a") as file:
        print(handle.id, file=file)
"""
COUNT = """
for line in open("stored"):
    assert app.handle(line.strip()).status() == "ready"
print(len(open("stored").readlines()))
"""


class Place(NamedTuple):
    store: str
    broker: str = ""


@pytest.fixture(params=["sqlite", "postgres", "rabbitmq", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    sqlite = f"sqlite:///{tmp_path}/tasks.db"
    if request.param == "sqlite":
        return Place(sqlite)
    if request.param == "postgres":
        return Place(request.getfixturevalue("postgres_url"))
    name = "amqp_url" if request.param == "rabbitmq" else "redis_url"
    return Place(sqlite, request.getfixturevalue(name))


class Program:
    def __init__(self, place: Place, folder: Path) -> None:
        self.environment = os.environ | {"STORE": place.store, "BROKER": place.broker}
        self.folder = folder

    def run(self, text: str, quiet: bool = True, before: str = "") -> str:
        """What it printed; it ends in time, without an error and, when `quiet`, without a word to standard error."""
        done = subprocess.run(
            [sys.executable, "-c", before + START + text],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr if quiet else "") == (0, "")
        return done.stdout

    @contextlib.contextmanager
    def worker(self, **settings: str) -> Iterator[None]:
        (self.folder / "start.py").write_text(START)
        command = [sys.executable, "-m", "taskmill", "worker", "start:app", "--workers", "1"]
        urls = {"STORE": self.environment["STORE"]}
        if broker := self.environment["BROKER"]:
            urls |= {"BROKER": broker, "FEED": broker}
        named = {f"TASKMILL_{name}": value for name, value in (urls | settings).items()}
        with subprocess.Popen(command, cwd=self.folder, env=self.environment | named, stdout=subprocess.DEVNULL) as up:
            try:
                yield
            finally:
                up.terminate()

    def stored(self) -> int:
        return int(self.run(COUNT))


@pytest.fixture
def program(place: Place, tmp_path: Path) -> Program:
    return Program(place, tmp_path)


@pytest.mark.parametrize("library", ["asyncio", "uvloop"])
def test_one_event_loop_after_the_other(program: Program, library: str) -> None:
    program.run(
        f"""
import {library}
for number in range(12):
    stored({library}.run(work.aenqueue(number)))
"""
    )
    assert program.stored() == 12


def test_who_waits_for_results_on_one_loop_after_the_other(program: Program) -> None:
    out = program.run(
        """
async def late():
    try:
        await (await work.aenqueue()).aresult(timeout=0.1)
    except TaskmillError as error:
        return error.code

for _ in range(3):
    print(asyncio.run(late()))
"""
    )
    assert out.split() == ["result_timeout"] * 3


def test_loops_that_are_closed_without_ado(program: Program) -> None:
    out = program.run(
        """
def descriptors():
    return len(os.listdir("/proc/self/fd"))

for number in range(12):
    loop = asyncio.new_event_loop()
    stored(loop.run_until_complete(work.aenqueue(number)))
    loop.close()
    if number == 2:
        before = descriptors()
print(descriptors() <= before)
"""
    )
    assert (program.stored(), out.split()) == (12, ["True"])


def test_loops_in_threads_side_by_side(program: Program) -> None:
    program.run(
        """
lock = threading.Lock()

def run():
    for number in range(4):
        handle = asyncio.run(work.aenqueue(number))
        with lock:
            stored(handle)

threads = [threading.Thread(target=run) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    )
    assert program.stored() == 12


def test_at_exit_and_in_a_thread_that_outlives_the_main_one(program: Program) -> None:
    """It is stored, or the error says why not."""
    out = program.run(
        """
def late(what, enqueue):
    try:
        stored(enqueue())
        print(what, "stored")
    except Exception as error:
        print(what, type(error).__name__, error)

both = lambda: asyncio.run(work.aenqueue())

def outlive():
    threading.main_thread().join()
    late("thread", work.enqueue)
    late("thread's loop", both)

atexit.register(late, "exit", work.enqueue)
atexit.register(late, "exit's loop", both)
stored(work.enqueue())
threading.Thread(target=outlive).start()
""",
        quiet=False,  # a broker may be away by then, which is told
    )
    lines = out.splitlines()
    assert len(lines) == 4
    assert {"thread stored", "exit stored"} <= set(lines)
    refused = [line for line in lines if not line.endswith(" stored")]
    assert all("StoreUnavailable" in line for line in refused)
    assert program.stored() == 5 - len(refused)


@pytest.mark.parametrize("before", ["", "work.enqueue()"], ids=["unused", "used"])
def test_while_the_interpreter_is_torn_down(program: Program, before: str) -> None:
    out = program.run(
        f"""
class Late:
    def __del__(self, work=work, write=os.write):
        try:
            work.enqueue()
            write(1, b"stored\\n")
        except Exception as error:
            write(1, type(error).__name__.encode() + b"\\n")

{before}
late = Late()
""",
        quiet=False,
    )
    assert out.split() in (["stored"], ["StoreUnavailable"])


def test_forked_after_the_parent_used_it(program: Program) -> None:
    """As servers do that load a program and fork their workers."""
    program.run(
        """
stored(work.enqueue())
stored(asyncio.run(work.aenqueue()))
children = []
for _ in range(3):
    if not (child := os.fork()):
        stored(work.enqueue())
        stored(asyncio.run(work.aenqueue()))
        sys.exit()
    children.append(child)
    stored(work.enqueue())
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
stored(work.enqueue())
"""
    )
    assert program.stored() == 2 + 3 * 3 + 1


def test_loops_within_loops(program: Program) -> None:
    """`nest_asyncio`, as in notebooks."""
    out = program.run(
        """
import nest_asyncio
nest_asyncio.apply()

async def cell():
    stored(work.enqueue())
    handle = asyncio.run(work.aenqueue())
    stored(handle)
    try:
        handle.result(timeout=0.1)
    except TaskmillError as error:
        print(error.hint)
    try:
        asyncio.run(handle.aresult(timeout=0.1))
    except TaskmillError as error:
        print(error.code)

for _ in range(3):
    asyncio.run(cell())
    stored(asyncio.run(work.aenqueue()))
"""
    )
    assert out.splitlines() == ["use `await handle.aresult()` in async code", "result_timeout"] * 3
    assert program.stored() == 9


def test_gevent_in_the_place_of_threads(program: Program) -> None:
    with program.worker():
        out = program.run(
            """
print(work.enqueue(7).result(timeout=30))
waiting = [gevent.spawn(lambda number=number: work.enqueue(number).result(timeout=30)) for number in range(20)]
print(sum(one.get() for one in waiting))
""",
            before="from gevent import monkey\nmonkey.patch_all()\nimport gevent\n",
        )
    assert out.split() == ["7", "190"]


@pytest.mark.parametrize("event_loop", ["uvloop", "asyncio"])
def test_a_setting_says_on_what_workers_run(tmp_path: Path, event_loop: str) -> None:
    program = Program(Place(f"sqlite:///{tmp_path}/tasks.db"), tmp_path)
    with program.worker(EVENT_LOOP=event_loop):
        assert program.run("print(loop.enqueue().result(timeout=30))").startswith(event_loop)
