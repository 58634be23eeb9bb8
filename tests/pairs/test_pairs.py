"""The same scenario, end to end, on each pairing of a store with a broker and a live feed."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from taskmill import App, State, TaskCancelled
from taskmill.core.errors import InvalidRequest
from taskmill.core.task import SECOND
from taskmill.engine.worker.settings import WorkerTimings
from tests.chaos.host import Host
from tests.chaos.running import until
from tests.pairs.conftest import SLOTS, WORKERS

pytestmark = pytest.mark.slow
PATIENCE = 10.0


def command(urls: dict[str, str], *args: str) -> str:
    places = [part for name, url in urls.items() for part in (f"--{name}", url)]
    called = [sys.executable, "-m", "taskmill", *args, *places]
    return subprocess.run(called, capture_output=True, text=True, timeout=30, check=True).stdout.strip()


def post(host: Host, path: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{host.url}/api/tasks{path}", json=body or None)


def test_python_with_a_typed_result(app: App) -> None:
    handle = app.tasks["price"].enqueue(items=["tea", "milk"])
    assert handle.created
    assert handle.result(timeout=PATIENCE) == (["tea", "milk"], 500)
    assert handle.status() is State.SUCCEEDED


async def test_python_on_an_event_loop(here: App) -> None:
    handle = await here.tasks["add"].aenqueue(1, 2)
    assert await handle.aresult(timeout=PATIENCE) == 3


def test_rest(host: Host) -> None:
    created = post(host, "", task_type="add", parameters={"a": 3, "b": 4})
    assert created.status_code == 201
    result = httpx.get(f"{host.url}/api/tasks/{created.json()['id']}/result", params={"wait": PATIENCE}, timeout=20)
    assert (result.status_code, result.json()["result"]) == (200, 7)


def test_the_command_line(host: Host, urls: dict[str, str]) -> None:
    assert command(urls, "submit", "-T", "add", "-p", "a=5", "-p", "b=6") == "11"


def test_high_before_normal_before_low(app: App, file: Path) -> None:
    """All slots are taken while they are enqueued, the low ones first."""
    blockers = [app.tasks["held"].enqueue(str(file)) for _ in range(SLOTS * WORKERS)]
    until(lambda: len(file.read_text().split()) == len(blockers), PATIENCE, "every slot is taken")
    order = file.with_name("order")
    tasks = [
        app.tasks["note"].using(priority=priority).enqueue(str(order), priority)
        for priority in ("low", "normal", "high")
        for _ in range(40)
    ]
    app.close()  # it sends the tickets that are on their way; the next use opens it again
    Path(f"{file}.go").touch()
    for task in tasks + blockers:
        task.result(timeout=PATIENCE)
    started = order.read_text().split()
    ranks = [median(n for n, what in enumerate(started) if what == word) for word in ("high", "normal", "low")]
    assert ranks == sorted(ranks), started


def test_a_delay(app: App) -> None:
    handle = app.tasks["add"].using(delay=0.5).enqueue(1, 1)
    assert handle.status() is State.SCHEDULED
    assert handle.result(timeout=PATIENCE) == 2
    spec, head = handle.refresh()
    assert head.started_at is not None
    assert 0.5 * SECOND <= head.started_at - spec.created_at < 2 * SECOND


def test_a_transaction_of_ones_own(app: App, urls: dict[str, str]) -> None:
    """It is heard of at the commit: a slow look would find it after a second at least."""
    if urls["store"].startswith("sqlite"):
        with pytest.raises(InvalidRequest, match="PostgreSQL"):
            app.tasks["add"].using(connection=object()).enqueue(1, 2)
        return
    waits = []
    for n in range(3):
        with psycopg.connect(urls["store"]) as connection:
            handle = app.tasks["add"].using(connection=connection).enqueue(n, n)
            connection.commit()
            committed = time.time()
        assert handle.result(timeout=PATIENCE) == 2 * n
        waits.append((handle.refresh()[1].started_at or 0) / SECOND - committed)
    assert min(waits) < WorkerTimings().ticket_grace, waits


def test_a_retry(app: App) -> None:
    assert app.tasks["second_time"].enqueue().result(timeout=PATIENCE) == 2


def test_progress(app: App, host: Host, file: Path) -> None:
    gate = file.with_name("gate")
    handle = app.tasks["half_way"].enqueue(str(gate))
    until(lambda: handle.progress() == (0.5, "half of it"), PATIENCE, "the progress is told")
    shown = httpx.get(f"{host.url}/api/tasks/{handle.id}").json()
    assert (shown["state"], shown["progress"]) == ("running", {"fraction": 0.5, "note": "half of it"})
    gate.touch()
    assert handle.result(timeout=PATIENCE) == "whole"


def test_who_watches_is_told_until_the_end(app: App, file: Path) -> None:
    gate = file.with_name("gate")
    handle = app.tasks["half_way"].enqueue(str(gate))
    states, progress = [], []
    for event in handle.events():
        if event.kind == "state":
            states.append(event.state)
        if event.kind != "log" and event.progress:
            progress.append(event.progress)
            gate.touch()
    assert (0.5, "half of it") in progress
    assert states[-1] is State.SUCCEEDED


def test_a_queued_task_that_is_cancelled_never_starts(app: App, host: Host, file: Path) -> None:
    handle = app.tasks["note"].using(delay=0.5).enqueue(str(file), "it ran")
    cancelled = post(host, f"/{handle.id}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    with pytest.raises(TaskCancelled):
        handle.result(timeout=PATIENCE)
    later = app.tasks["add"].using(delay=0.5).enqueue(1, 1)
    assert later.result(timeout=PATIENCE) == 2  # so the other one would have been due
    assert file.read_text() == ""


def test_a_running_task_is_asked_to_stop(app: App) -> None:
    handle = app.tasks["until_asked"].enqueue()
    until(lambda: handle.progress() is not None, PATIENCE, "it runs")
    assert handle.cancel()
    with pytest.raises(TaskCancelled):
        handle.result(timeout=PATIENCE)


def test_a_key_is_held_by_one_task_at_a_time(app: App, file: Path) -> None:
    gate = file.with_name("gate")
    task = app.tasks["half_way"].using(key="the only one")
    first, second = task.enqueue(str(gate)), task.enqueue(str(gate))
    assert (first.created, second.created, second.id) == (True, False, first.id)
    gate.touch()
    first.result(timeout=PATIENCE)
    third = task.enqueue(str(gate))
    assert third.created
    assert third.result(timeout=PATIENCE) == "whole"


def test_what_a_killed_worker_ran_runs_again_at_once(app: App, file: Path) -> None:
    handle = app.tasks["held"].enqueue(str(file))
    until(lambda: file.read_text() != "", PATIENCE, "it runs")
    killed = int(file.read_text())
    psutil.Process(killed).kill()
    until(lambda: len(file.read_text().split()) == 2, 2.5, "it runs again, before its lease ends")
    Path(f"{file}.go").touch()
    assert handle.result(timeout=PATIENCE) != killed
    _, head = handle.refresh()
    assert (head.attempt, head.losses) == (1, 1)
