"""The claims a worker holds, and the news that some of them changed."""

import pytest

from taskmill.core import machine, times
from taskmill.core.task import Decision
from taskmill.engine.worker.in_flight import InFlight
from taskmill.engine.worker.run import Run
from taskmill.executors.inline import Inline
from taskmill.stores.contract import ANY
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance.case import a_task, claimed


@pytest.mark.parametrize("rung", [True, False])
async def test_news_that_may_be_about_any_task_is_about_all_that_are_held(rung: bool) -> None:
    store = MemoryStore()
    held = InFlight(store, "w1")
    runs = [Run(claim, Inline(), times.now, lambda _: None) for claim in await claimed(store, a_task(), a_task())]
    for run in runs:
        held.add(run)
    asked = runs[1]
    await store.save([Decision(asked.task.id, machine.cancel(asked.claim.head, 0))])
    await held.check([ANY] if rung else [asked.task.id, "a stranger"])
    assert [run.claim.head.cancel for run in runs] == [False, True]


async def test_an_outcome_that_is_being_saved_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    held = InFlight(store, "w1")
    [claim] = await claimed(store, a_task())
    run = Run(claim, Inline(), times.now, lambda _: None)
    held.add(run)
    run.ended = True
    await store.save([Decision(run.task.id, machine.succeed(claim.head, "1", 0))])
    await held.check([run.task.id])  # a heartbeat that crossed the save says that it changed
    assert not run.cancelled
    assert caplog.text == ""
