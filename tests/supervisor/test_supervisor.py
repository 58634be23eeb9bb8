"""A real supervisor with real workers: start, stop, restart, and what it says."""

import json
import signal
import subprocess
import sys

import psutil
import pytest

from taskmill import App, State, TaskHandle
from taskmill.sdk.sync import run
from tests.chaos.running import RunningTaskmill, until

pytestmark = pytest.mark.slow
MODULE = "taskmill.supervisor.worker"


def add(client: App) -> int:
    handle: TaskHandle[int] = client.tasks["add"].enqueue(2, 3)
    return handle.result(timeout=20)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_a_signal_without_a_traceback(mill: RunningTaskmill, client: App, number: int) -> None:
    mill.start()
    assert add(client) == 5
    children = mill.process.children(recursive=True)
    mill.process.send_signal(number)
    assert mill.process.wait(timeout=10) == 0
    assert not any(child.is_running() for child in children)
    assert "Traceback" not in mill.said()


def test_running_tasks_are_finished_before_it_stops(mill: RunningTaskmill, client: App) -> None:
    mill.start()
    handle = client.tasks["wait"].enqueue(1.0)
    until(lambda: handle.status() is State.RUNNING, 20, "the task runs")
    assert mill.stop() == 0
    assert handle.result(timeout=0) == "waited"


def test_a_second_signal_gives_running_tasks_back_at_once(mill: RunningTaskmill, client: App) -> None:
    mill.start()
    handle = client.tasks["wait"].enqueue(60.0)
    until(lambda: handle.status() is State.RUNNING, 20, "the task runs")
    mill.process.send_signal(signal.SIGTERM)
    until(lambda: "once more to stop at once" in mill.said(), 10, "it says what it does")
    mill.process.send_signal(signal.SIGTERM)
    assert mill.process.wait(timeout=10) == 0
    head = handle.refresh().head
    assert (head.state, head.attempt) == (State.READY, 0)


def test_the_grace_period_ends_tasks_that_take_longer(mill: RunningTaskmill, client: App) -> None:
    mill.start("--grace", "0.5")
    handle = client.tasks["wait"].enqueue(60.0)
    until(lambda: handle.status() is State.RUNNING, 20, "the task runs")
    assert mill.stop() == 0
    assert handle.refresh().head.attempt == 0


def test_a_dead_worker_is_started_again(mill: RunningTaskmill, client: App) -> None:
    mill.start()
    assert add(client) == 5
    victims = mill.workers()
    for victim in victims:
        victim.kill()
    assert add(client) == 5
    assert not {worker.pid for worker in mill.workers()} & {victim.pid for victim in victims}
    assert "SIGKILL" in mill.said()


def test_workers_drain_and_end_when_their_supervisor_is_gone(mill: RunningTaskmill, client: App) -> None:
    mill.start()
    handle = client.tasks["wait"].enqueue(1.0)
    until(lambda: handle.status() is State.RUNNING, 20, "the task runs")
    workers = mill.workers()
    mill.process.kill()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
    assert handle.result(timeout=0) == "waited"


@pytest.mark.parametrize(("app", "hint"), [("nowhere:app", "nowhere"), ("app:nothing", "nothing")])
def test_an_app_that_cannot_be_loaded_is_one_sentence_and_no_restart(
    mill: RunningTaskmill, app: str, hint: str
) -> None:
    mill.start(app=app)
    assert mill.process.wait(timeout=20) != 0
    assert hint in mill.said()
    assert "Traceback" not in mill.said()


def test_the_process_list_shows_names_and_no_secrets(mill: RunningTaskmill, client: App) -> None:
    mill.start()
    assert add(client) == 5
    lines = [process.cmdline() for process in mill.workers()]
    assert sorted(line[1:] for line in lines) == [["-P", "-m", MODULE, f"worker-{n}"] for n in (1, 2)]
    assert mill.stop() == 0


def test_a_worker_started_by_hand_says_how_it_is_started() -> None:
    command = [sys.executable, "-m", MODULE, "worker-1"]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (ended.returncode, "taskmill worker" in ended.stderr, "Traceback" in ended.stderr) == (1, True, False)


def test_what_a_handler_logs_in_a_process_of_its_own_is_kept(mill: RunningTaskmill, client: App) -> None:
    mill.start()
    handle = client.tasks["speak_in_process"].enqueue()
    handle.result(timeout=20)
    [record] = run(client.clients.sync().store.attempts(handle.id))
    assert [line["message"] for line in json.loads(record.log or "[]")] == ["by logging"]
