"""A worker that cannot say that it lives: helped while it computes, and not when it is frozen."""

import signal
from pathlib import Path

import psutil
import pytest

from taskmill import App, State, TaskHandle
from tests.chaos.running import RunningTaskmill, until
from tests.supervisor.test_children import named

__all__ = ["named"]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc")]
LEASE = 1.0


@pytest.fixture
def mill(tmp_path: Path) -> RunningTaskmill:
    return RunningTaskmill(tmp_path, lease=LEASE, home=Path(__file__).parent)


def began(path: Path) -> int:
    return path.read_text().count("began") if path.exists() else 0


@pytest.mark.timeout(120)
def test_who_holds_the_interpreter_costs_no_neighbour_its_lease(
    mill: RunningTaskmill, named: App, tmp_path: Path
) -> None:
    mill.start()
    path = tmp_path / "runs"
    try:
        others: list[TaskHandle[str]] = [named.tasks["note_and_sleep"].enqueue(str(path), 8.0) for _ in range(20)]
        until(lambda: began(path) == 20, 30, "the neighbours run")
        hog: TaskHandle[float] = named.tasks["hold_the_interpreter"].enqueue(26)
        until(lambda: hog.status() is State.RUNNING, 20, "it runs")
        assert hog.refresh().head.lease_owner in {other.refresh().head.lease_owner for other in others}
        assert hog.result(timeout=60) > 2 * LEASE
        assert [other.result(timeout=60) for other in others] == ["ended"] * 20
        assert began(path) == 20
        assert {task.head.losses for task in (hog.refresh(), *(other.refresh() for other in others))} == {0}
        said = mill.said()
        assert "one of its tasks holds the interpreter" in said
        assert "'hold_the_interpreter' (task" in said
        assert mill.stop() == 0
    finally:
        mill.kill_tree() if mill.process.is_running() else None


@pytest.mark.timeout(120)
def test_who_holds_it_far_beyond_every_timeout_is_helped_no_more(
    mill: RunningTaskmill, named: App, tmp_path: Path
) -> None:
    mill.start("--grace", "0.5")
    try:
        until(lambda: len(mill.workers()) == 2, 20, "they are there")
        hog: TaskHandle[float] = named.tasks["hold_the_interpreter"].using(timeout=1.0).enqueue(30)
        until(lambda: hog.refresh().head.losses == 1, 60, "its lease has run out")
    finally:
        mill.kill_tree()


@pytest.mark.timeout(120)
def test_a_frozen_worker_loses_its_leases(mill: RunningTaskmill, named: App, tmp_path: Path) -> None:
    mill.start()
    path = tmp_path / "runs"
    try:
        task: TaskHandle[str] = named.tasks["note_and_sleep"].enqueue(str(path), 60.0)
        until(lambda: began(path) == 1, 30, "it runs")
        owner = task.refresh().head.lease_owner or ""
        [worker] = [one for one in mill.workers() if _name(one) in owner]
        worker.send_signal(signal.SIGSTOP)
        until(lambda: task.refresh().head.losses == 1, 20, "its lease has run out")
    finally:
        mill.kill_tree()


def _name(worker: psutil.Process) -> str:
    return str(worker.cmdline()[-1])
