"""What handlers start, processes and threads of their own, does the worker no harm and does not hold up its end."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from taskmill import App, TaskHandle
from tests.chaos.running import RunningTaskmill, until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")]
EXECUTORS = ["on_the_loop", "in_a_thread", "in_a_process"]


@pytest.fixture
def named(mill: RunningTaskmill, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The tasks of the app itself, on the store of this test."""
    import importlib.util

    monkeypatch.setenv("CHAOS_STORE", mill.store)
    spec = importlib.util.spec_from_file_location("app_of_children", Path(__file__).with_name("app.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.app
    module.app.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_pool_that_is_terminated_leaves_the_worker_alone(mill: RunningTaskmill, named: App, method: str) -> None:
    mill.start("--workers", "1")
    until(lambda: bool(mill.workers()), 20, "it has a worker")
    before = {worker.pid for worker in mill.workers()}
    for _ in range(2):
        handles: list[TaskHandle[int]] = [named.tasks[f"pool_{where}"].enqueue(method) for where in EXECUTORS]
        assert [handle.result(timeout=60) for handle in handles] == [6, 6, 6]
        assert [handle.refresh().head.losses for handle in handles] == [0, 0, 0]
    assert {worker.pid for worker in mill.workers()} == before
    assert mill.stop() == 0
    assert "did not ask" not in mill.said()


@pytest.mark.parametrize("where", EXECUTORS)
def test_a_forked_child_has_the_system_s_signals_and_nothing_of_ours(
    mill: RunningTaskmill, named: App, tmp_path: Path, where: str
) -> None:
    mill.start("--workers", "1")
    path = tmp_path / "seen"
    ours: list[str] = named.tasks["own_links"].enqueue().result(timeout=30)  # before there are pipes to the child
    assert named.tasks[f"look_{where}"].enqueue(str(path)).result(timeout=30) == 0
    handlers, wakeup, links = json.loads(path.read_text())
    assert (handlers, wakeup) == ([True, True, True], -1)
    assert any("chaos.db" in link for link in ours), "the worker itself has them"
    kept = {link for link in links if link in ours and link.partition(":")[0] in {"pipe", "anon_inode"}}
    assert not [link for link in links if any(word in link for word in ("chaos.db", "taskmill-board", "eventpoll"))]
    assert not kept


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("what", "said"),
    [("thread", "left-over"), ("job", "uvloop_0"), ("atexit", "main thread"), ("process", "left-over")],
)
def test_what_keeps_a_worker_from_its_end_is_named_and_killed(
    mill: RunningTaskmill, named: App, what: str, said: str
) -> None:
    mill.start("--workers", "1", "--grace", "1")
    pid = named.tasks["leave_something"].enqueue(what).result(timeout=30)
    psutil.Process(pid).send_signal(signal.SIGTERM)  # not its supervisor's
    until(lambda: "is killed" in mill.said(), 30, "it is killed")
    [line] = [line for line in mill.said().splitlines() if "is killed" in line]
    assert said in line
    assert named.tasks["add"].enqueue(2, 3).result(timeout=30) == 5, "another one takes its place"
    assert mill.stop() == 0


@pytest.mark.parametrize("name", ["interrupt_program", "interrupt_program_in_process"])
def test_a_program_that_a_handler_starts_hears_an_interrupt(mill: RunningTaskmill, named: App, name: str) -> None:
    mill.start("--workers", "1")
    assert named.tasks[name].enqueue().result(timeout=30) == -signal.SIGINT


@pytest.mark.parametrize("name", ["note_and_end", "note_and_end_in_process"])
def test_attempts_of_both_kinds_go_on_when_the_whole_group_is_asked_to_end(
    mill: RunningTaskmill, named: App, tmp_path: Path, name: str
) -> None:
    """As by a service manager that sends SIGTERM to every process there is."""
    mill.start("--workers", "1")
    path = tmp_path / "began"
    handle: Any = named.tasks[name].enqueue(str(path))
    until(path.exists, 20, "it runs")
    for process in mill.tree():
        process.send_signal(signal.SIGTERM)
    assert mill.process.wait(timeout=30) == 0
    assert handle.result(timeout=0) == "ended"
    assert handle.refresh().head.losses == 0
