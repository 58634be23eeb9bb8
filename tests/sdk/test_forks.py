"""A forked child opens the store anew."""

import multiprocessing
from pathlib import Path

import pytest

from taskmill import App, State, Task

pytestmark = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")


def _enqueue(tick: Task[[], None], ids: "multiprocessing.SimpleQueue[str]") -> None:
    ids.put(tick.enqueue().id)


def test_parent_and_child_both_go_on(tmp_path: Path) -> None:
    app = App(f"sqlite:///{tmp_path}/tasks.db", durability="process")

    @app.task
    def tick() -> None: ...

    mine = tick.enqueue()
    fork = multiprocessing.get_context("fork")
    ids = fork.SimpleQueue()
    child = fork.Process(target=_enqueue, args=(tick, ids))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert [handle.status() for handle in (mine, app.handle(ids.get()), tick.enqueue())] == [State.READY] * 3
    app.close()
