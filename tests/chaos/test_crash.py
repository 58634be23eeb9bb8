"""Kill a worker, kill everything, freeze a worker: nothing is lost, doubled or stuck.

CHAOS_SEEDS says how many random courses to run (3 unless set; `make chaos` runs 20).
"""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from taskmill import TaskError
from taskmill.sdk.sync import run
from tests.chaos.app import make
from tests.chaos.audit import Report, check, install
from tests.chaos.running import RunningTaskmill, until

SEEDS = int(os.environ.get("CHAOS_SEEDS", "3"))
TASKS = 2_000
AT_ONCE = 4
KILLS = 16


class Course:
    """One random course of accidents."""

    def __init__(self, seed: int, directory: Path) -> None:
        self.random = random.Random(seed)
        self.lease = 15.0 if seed == 0 else 4.0
        directory.mkdir()
        self.path = directory / "chaos.db"
        self.taskmill = RunningTaskmill(directory, self.lease)
        self.ids: list[str] = []
        self.frozen = 0
        """Attempts in the frozen worker."""
        self.killed_child_gap = 0.0
        self.killed_tree_gap = 0.0

    def run(self) -> Report:
        self._enqueue(900)
        install(self.path)
        self.taskmill.start()
        try:
            self._when_ended(0.05, 0.25)
            self._kill_a_worker()
            self._when_ended(0.26, 0.33)
            self._freeze_a_worker()
            self._enqueue(TASKS - 900)
            self._when_ended(0.5, 0.9)
            self._kill_everything()
            until(self._all_succeeded, self.lease + 60, "all tasks succeeded")
            # All may have ended before the last start, and a supervisor hears signals from when it starts workers.
            until(lambda: bool(self.taskmill.workers()), 30, "it has workers again")
            assert self.taskmill.stop() == 0
        finally:
            if self.taskmill.process.is_running():
                self.taskmill.kill_tree()
        began = {line.run: self.ids[line.number] for line in self.taskmill.lines() if line.what == "began"}
        return check(self.path, began)

    def _enqueue(self, count: int) -> None:
        app = make(self.taskmill.store)
        for number in range(len(self.ids), len(self.ids) + count):
            task = app.tasks[self.random.choice(["on_the_loop", "in_a_thread"])]
            self.ids.append(task.enqueue(number, self.random.uniform(0.005, 0.05)).id)
        app.close()

    def _when_ended(self, low: float, high: float) -> None:
        """Wait until a random share of the tasks has ended."""
        ended = TASKS * self.random.uniform(low, high)
        until(lambda: self._ended() >= ended, 60, f"{ended:.0f} tasks ended")

    def _ended(self) -> int:
        return sum(line.what == "ended" for line in self.taskmill.lines())

    def _kill_a_worker(self) -> None:
        victim = self.random.choice(self.taskmill.workers())
        victim.suspend()
        open_runs = self._open_numbers(victim.pid)
        victim.kill()
        at = time.time()
        until(lambda: open_runs <= self._begun_since(at), 30, "the killed worker's tasks run again")
        self.killed_child_gap = max((self._first_since(number, at) - at for number in open_runs), default=0.0)

    def _freeze_a_worker(self) -> None:
        victim = self.random.choice(self.taskmill.workers())
        victim.suspend()
        self.frozen = len(self._open_numbers(victim.pid))
        time.sleep(self.lease + 1.5)  # the passing of time is what is tested
        victim.resume()

    def _kill_everything(self) -> None:
        before = {line.pid for line in self.taskmill.lines()}
        for process in self.taskmill.tree():
            process.suspend()
        open_runs = {number for pid in before for number in self._open_numbers(pid)}
        self.taskmill.kill_tree()
        at = self.taskmill.start()
        until(lambda: open_runs <= self._begun_since(at), self.lease + 30, "the killed tree's tasks run again")
        self.killed_tree_gap = max((self._first_since(number, at) - at for number in open_runs), default=0.0)

    def _open_numbers(self, pid: int) -> set[int]:
        """Tasks that began in this process and did not end anywhere."""
        lines = self.taskmill.lines()
        ended = {line.number for line in lines if line.what == "ended"}
        return {line.number for line in lines if line.pid == pid and line.what == "began"} - ended

    def _begun_since(self, at: float) -> set[int]:
        return {line.number for line in self.taskmill.lines() if line.what == "began" and line.at >= at}

    def _first_since(self, number: int, at: float) -> float:
        return min(_.at for _ in self.taskmill.lines() if _.what == "began" and _.number == number and _.at >= at)

    def _all_succeeded(self) -> bool:
        store = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
        store.set_busy_timeout(5000)
        return store.execute("select count(*) from task where state <> 'succeeded'").fetchone() == (0,)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_accidents_lose_double_and_block_nothing(tmp_path: Path) -> None:
    courses = [Course(seed, tmp_path / str(seed)) for seed in range(SEEDS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        reports = list(pool.map(Course.run, courses))
    for course, report in zip(courses, reports, strict=True):
        print(f"lease {course.lease:g} s: {report}")
        print(f"  {course.frozen} attempts frozen; the killed worker's tasks ran again after", end=" ")
        print(f"{course.killed_child_gap:.2f} s, the killed tree's {course.killed_tree_gap:.2f} s after its restart")
    assert all(report.sound() for report in reports), reports
    assert all(report.tasks == TASKS for report in reports)
    assert all(course.killed_child_gap < 1.0 for course in courses)
    assert all(course.killed_tree_gap < course.lease + 2.0 for course in courses)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_innocent_task_fails_however_often_workers_are_killed(tmp_path: Path) -> None:
    """Beside one that takes its process along and is failed for it."""
    taskmill = RunningTaskmill(tmp_path, lease=4.0, workers=2)
    app = make(taskmill.store)
    chance = random.Random(1)
    kinds = ["on_the_loop", "in_a_thread"] * 20 + ["in_a_process"]
    numbers = range(TASKS)
    ids = {app.tasks[chance.choice(kinds)].enqueue(number, chance.uniform(0.05, 0.4)).id for number in numbers}
    deadly = app.tasks["deadly_process"].enqueue(TASKS)
    taskmill.start()
    store = apsw.Connection(str(tmp_path / "chaos.db"), flags=apsw.SQLITE_OPEN_READONLY)
    store.set_busy_timeout(5000)

    def has_ended(share: float) -> bool:
        [(count,)] = store.execute("select count(*) from task where finished_at is not null")
        return bool(count >= share * TASKS)

    try:
        for kill in range(KILLS):
            until(lambda share=kill / KILLS: has_ended(share), 60, "tasks end")  # type: ignore[misc]
            until(lambda: bool(taskmill.workers()), 30, "there is a worker")
            chance.choice(taskmill.workers()).kill()
        until(lambda: has_ended(1 + 1 / TASKS), 120, "all tasks ended")
        until(lambda: len(taskmill.workers()) == 2, 30, "there are workers")
        assert taskmill.stop() == 0
    finally:
        taskmill.kill_tree() if taskmill.process.is_running() else None
        app.close()
    failed = {id for (id,) in store.execute("select id from task where state = 'failed'")}
    [(lost,)] = store.execute("select count(*) from task where losses > 0 and state = 'succeeded'")
    assert (failed, len(ids)) == ({deadly.id}, TASKS)
    assert lost > KILLS, "the kills hit running tasks"


@pytest.mark.slow
def test_a_task_that_kills_its_worker_is_parked_with_the_evidence(tmp_path: Path) -> None:
    taskmill = RunningTaskmill(tmp_path, lease=15.0)
    app = make(taskmill.store)
    others = [app.tasks["on_the_loop"].enqueue(number, 0.02) for number in range(50)]
    deadly = app.tasks["deadly"].enqueue(50)
    taskmill.start()
    try:
        with pytest.raises(TaskError, match="SIGKILL"):
            deadly.result(timeout=30)
        assert all(other.result(timeout=30) for other in others)
        records = run(app.clients.sync().store.attempts(deadly.id))
        assert {record.outcome for record in records} == {"worker_lost"}
        # Twice at most with others on its worker, which is no proof, and three times alone.
        assert len(records) in {3, 4, 5}
        assert all("SIGKILL" in (record.error or "") for record in records)
    finally:
        taskmill.kill_tree()
        app.close()
    assert sum(line.number == 50 for line in taskmill.lines()) == len(records)
