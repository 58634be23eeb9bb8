"""What can go wrong around a worker process: it is heard of, it leaves nothing behind, and the rest goes on."""

import contextlib
import gc
import signal
import time
from pathlib import Path

import psutil
import pytest

from taskmill import App, State, TaskError, TaskHandle
from taskmill.core.errors import InvalidSettings, StoreUnavailable
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.supervisor.bootstrap import run_or_exit
from taskmill.supervisor.child import Child
from taskmill.supervisor.plan import CANNOT_START, STORE_AWAY, Plan
from tests.chaos.running import RunningTaskmill, until

PLAN = Plan("memory://", "power", None, 1, WorkerSettings())


def descriptors() -> int:
    return int(psutil.Process().num_fds())


@pytest.mark.slow
def test_restarts_leave_no_descriptors_behind() -> None:
    child = Child("worker-1", "taskmill.supervisor.nothing", PLAN)
    gc.collect()  # what earlier tests left would be counted
    before = descriptors()
    for _ in range(20):
        child.start()
        assert child.process is not None
        assert child.process.wait() == 1
        child.suspects()
        child.clean_up()
    assert descriptors() <= before


def test_a_process_that_cannot_be_had_is_tried_again_later() -> None:
    child = Child("worker-1", "taskmill.supervisor.worker", PLAN, python="/nowhere/python")
    before = descriptors()
    for _ in range(5):
        child.start()
        assert child.process is None
    assert child.start_at > time.monotonic() + 1.0
    assert descriptors() <= before


@pytest.mark.parametrize(
    ("error", "code"), [(StoreUnavailable("it is locked"), STORE_AWAY), (InvalidSettings("no such app"), CANNOT_START)]
)
def test_only_what_can_get_better_is_tried_again(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(SystemExit) as left:
        run_or_exit(fail)
    assert left.value.code == code
    assert capsys.readouterr().err == f"error: {error}\n"


@pytest.mark.slow
def test_a_killed_worker_takes_its_attempts_processes_along(mill: RunningTaskmill, client: App, tmp_path: Path) -> None:
    mill.start()
    path = tmp_path / "pids"
    client.tasks["wait_in_process"].enqueue(str(path))
    until(lambda: path.exists() and path.read_text().endswith("\n"), 20, "the task runs")
    attempt = psutil.Process(int(path.read_text()))
    attempt.parent().kill()
    psutil.wait_procs([attempt], timeout=5)
    assert not attempt.is_running() or attempt.status() == psutil.STATUS_ZOMBIE
    until(lambda: path.read_text().count("\n") == 2, 20, "the task runs again")


@pytest.mark.slow
def test_only_what_was_alone_in_a_dead_worker_is_to_blame(tmp_path: Path, client: App, mill: RunningTaskmill) -> None:
    mill.start("--workers", "1")

    paths = [tmp_path / "first", tmp_path / "second", tmp_path / "third"]

    def kill_with(*tasks: TaskHandle[None], begun: list[Path]) -> list[tuple[int, int]]:
        until(lambda: all(path.exists() for path in begun), 20, "the tasks began")
        for path in begun:
            path.unlink()
        mill.workers()[0].kill()
        until(lambda: all(path.exists() for path in begun), 20, "the tasks run again")
        return [(task.refresh().head.losses, task.refresh().head.crashes) for task in tasks]

    first = client.tasks["note_and_wait"].enqueue(str(paths[0]))
    assert kill_with(first, begun=paths[:1]) == [(1, 1)]
    assert kill_with(first, begun=paths[:1]) == [(2, 1)], "it has a process of its own"
    first.cancel()
    until(lambda: first.status() is State.CANCELLED, 20, "it is gone")
    two = [client.tasks["note_and_wait"].enqueue(str(path)) for path in paths[1:]]
    assert kill_with(*two, begun=paths[1:]) == [(1, 0), (1, 0)]


@pytest.mark.slow
def test_an_exit_code_of_a_handler_s_choice_stops_nobody_else(mill: RunningTaskmill, client: App) -> None:
    mill.start()
    with pytest.raises(TaskError, match=f"exited with code {CANNOT_START}"):
        client.tasks["leave"].enqueue(CANNOT_START).result(timeout=10)
    assert client.tasks["add"].enqueue(2, 3).result(timeout=20) == 5
    assert mill.stop() == 0


@pytest.mark.slow
def test_a_worker_that_ignores_signals_is_killed_after_the_grace_period(mill: RunningTaskmill, client: App) -> None:
    mill.start("--grace", "0.2")
    deaf = client.tasks["ignore_signals"].enqueue()
    until(lambda: deaf.status() is State.RUNNING, 20, "the task runs")
    tree = mill.tree()
    assert mill.stop() == 0
    assert not any(process.is_running() for process in tree)
    head = deaf.refresh().head
    assert (head.state, head.losses) == (State.READY, 1)


@pytest.mark.slow
def test_a_thread_that_blocks_does_not_keep_a_worker_from_ending(mill: RunningTaskmill, client: App) -> None:
    # Not under coverage: on Python 3.11 a traced thread hangs while an exception is set in another one that blocks.
    mill.environment = {name: value for name, value in mill.environment.items() if not name.startswith("COV")}
    mill.start("--grace", "0.2")
    blocking = client.tasks["block"].enqueue()
    until(lambda: blocking.status() is State.RUNNING, 20, "the task runs")
    began = time.monotonic()
    assert mill.stop() == 0
    assert time.monotonic() - began < 4.0, "it was killed"
    head = blocking.refresh().head
    assert (head.state, head.attempt, head.losses) == (State.READY, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.05, 0.2, 0.4, 0.6])
def test_a_signal_while_it_starts_leaves_nothing_behind(mill: RunningTaskmill, after: float) -> None:
    mill.start()
    time.sleep(after)  # into the middle of the start
    mill.process.send_signal(signal.SIGTERM)
    assert mill.process.wait(timeout=15) in (0, -signal.SIGTERM)
    until(lambda: not left_of(mill), 5, "its children have ended")
    assert "Traceback" not in mill.said()


def left_of(mill: RunningTaskmill) -> list[psutil.Process]:
    """Processes that are still at work on its store."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("CHAOS_STORE") == mill.store and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
