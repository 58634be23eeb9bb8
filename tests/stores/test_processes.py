"""Several processes, and several threads, on one file."""

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from taskmill.core.errors import StoreUnavailable
from taskmill.core.state import State
from taskmill.sdk.sync import run
from taskmill.stores.contract import ClaimQuery, Store
from taskmill.stores.open import open_store
from taskmill.stores.sqlite.database import SqliteTimings
from taskmill.stores.sqlite.store import SqliteStore
from taskmill.testing.conformance.case import a_task, succeeded

pytestmark = pytest.mark.slow

TASKS = 600
WORK = """
import json, sys
from taskmill.sdk.sync import run
from taskmill.stores.contract import ClaimQuery
from taskmill.stores.open import open_store
from taskmill.testing.conformance.case import a_task, succeeded
store, name = open_store(f"sqlite:///{sys.argv[1]}"), sys.argv[2]
run(store.open())
print("up", flush=True)
sys.stdin.readline()
for _ in range(50):
    run(store.add([a_task(queue=name)]))
found, decisions = [], []
while True:
    stale, claims = run(store.turn(name, decisions, 60_000_000, ClaimQuery(7)))
    assert not stale
    if not claims:
        break
    found += [claim.spec.id for claim in claims]
    decisions = [succeeded(claim, kept=True) for claim in claims]
print(json.dumps(found))
run(store.close())
"""
LISTEN = """
import sys
from taskmill.sdk.sync import run
from taskmill.stores.open import open_store
store = open_store(f"sqlite:///{sys.argv[1]}")
ear = store.bell.listen("ready", "final")
print("up", flush=True)
print(run(ear.wait(30)))
if sys.argv[2] == "close":
    ear.close()
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *arguments]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    return child


def ended(child: subprocess.Popen[str], said: str = "") -> str:
    output = child.communicate(said, timeout=60)[0]
    assert child.returncode == 0
    return output


def test_processes_share_the_work_and_start_nothing_twice(tmp_path: Path) -> None:
    path = str(tmp_path / "tasks.db")
    store = open_store(f"sqlite:///{path}")
    run(store.open())
    run(store.add([a_task() for _ in range(TASKS)]))
    children = [start(WORK, path, f"w{i}") for i in range(3)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    found = [json.loads(ended(child)) for child in children]
    counts = Counter(id for some in found for id in some)
    assert (len(counts), set(counts.values())) == (TASKS + 150, {1})
    assert run(store.stats()).states[State.SUCCEEDED] == TASKS + 150
    run(store.close())


def test_threads_share_a_store(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/tasks.db", durability="process")
    run(store.open())
    found: list[str] = []
    threads = [threading.Thread(target=_work, args=(store, f"w{i}", found)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = run(store.stats()).states
    assert (len(found), len(set(found)), states[State.SUCCEEDED]) == (300, 300, 300)
    run(store.close())


def _work(store: Store, name: str, found: list[str]) -> None:
    for _ in range(50):
        run(store.add([a_task()]))
    while claims := run(store.claim(name, 60_000_000, ClaimQuery(3))):
        found += [claim.spec.id for claim in claims]
        assert run(store.save([succeeded(claim) for claim in claims])) == []


def test_a_bell_is_heard_in_another_process(tmp_path: Path) -> None:
    path = str(tmp_path / "tasks.db")
    store = open_store(f"sqlite:///{path}")
    run(store.open())
    child = start(LISTEN, path, "close")
    store.bell.ring("ready", ["a"])
    assert ended(child) == "[('ready', 'a')]\n"
    run(store.close())


def test_the_socket_of_a_dead_process_is_removed(tmp_path: Path) -> None:
    path = str(tmp_path / "tasks.db")
    store = open_store(f"sqlite:///{path}")
    run(store.open())
    child = start(LISTEN, path, "leave")
    child.kill()
    child.communicate(timeout=60)
    folder = Path(store.bell._folder)  # type: ignore[attr-defined]
    assert len(list(folder.iterdir())) == 1
    store.bell.ring("final", ["1"])
    assert list(folder.iterdir()) == []
    run(store.close())


def test_a_process_frozen_in_the_middle_of_a_write_makes_others_fail_clearly_and_recover(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/tasks.db"
    store = SqliteStore(f"{tmp_path}/tasks.db", timings=SqliteTimings(lock_timeout=0.3))
    run(store.open())
    writer = subprocess.Popen([sys.executable, "-c", FROZEN_WRITER, url], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"writing\n"
    writer.send_signal(signal.SIGSTOP)
    with pytest.raises(StoreUnavailable, match="another process") as refused:
        run(store.add([a_task()]))
    assert "kill it" in (refused.value.hint or "")
    writer.kill()
    writer.wait()
    writer.stdout.close()
    assert run(store.add([a_task()])) == {}
    run(store.close())


FROZEN_WRITER = """
import sys, time
from taskmill.sdk.sync import run
from taskmill.stores.open import open_store
store = open_store(sys.argv[1])
run(store.open())
with store.writer.database.durable:
    print("writing", flush=True)
    time.sleep(60)
"""
