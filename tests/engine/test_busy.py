"""How much a worker runs at once, and says that it runs."""

import json
from pathlib import Path

import pytest

from taskmill import App
from taskmill.core.state import State
from taskmill.stores.contract import TaskFilter
from tests.engine import handlers as h
from tests.engine.conftest import RunningWorker, Trial


async def test_claims_ahead_of_the_slots_are_not_said_to_run(mill: Trial) -> None:
    app = App("memory://")
    seen: list[tuple[int, int]] = []
    workers: list[RunningWorker] = []

    @app.task
    async def look() -> None:
        seen.append((workers[0].busy, len(workers[0].in_flight)))

    await mill.add(*(look.call() for _ in range(400)))
    async with mill.worker(tasks=app.tasks, slots=4) as worker:
        workers.append(worker)
        await mill.all_done()
    assert len(seen) == 400
    assert max(claims for _, claims in seen) > 4
    assert {busy for busy, _ in seen} <= {1, 2, 3, 4}


@pytest.mark.parametrize("slots", [1, 8])
async def test_processes_at_once_are_bounded_and_hold_up_nobody(mill: Trial, tmp_path: Path, slots: int) -> None:
    folder = tmp_path / "running"
    folder.mkdir()
    heavy = await mill.add(*(h.neighbours.call(str(folder)) for _ in range(10)))
    light = await mill.add(*(h.add.call(1, number) for number in range(40)))
    async with mill.worker(slots=slots, processes=2, poll=30.0) as worker:
        for id in light:
            await mill.final(id)
        unfinished = await mill.store.count(TaskFilter(states=(State.READY, State.RUNNING)), 50)
        assert unfinished >= (1 if slots > 1 else 0)
        await mill.all_done()
        assert worker.busy <= slots
    tasks = [await mill.get(id) for id in heavy]
    together = [json.loads(task.head.result or "0") for task in tasks]
    assert max(together) == min(2, slots)
    assert {task.head.attempt for task in tasks} == {1}
