"""A handler that waits for a task for which no slot is left."""

from pathlib import Path

import pytest

from taskmill import App
from taskmill.core import times
from taskmill.core.errors import ResultTimeout
from taskmill.engine.live.waiter import WaitTimings
from taskmill.engine.live.why import why_not_started
from taskmill.stores.contract import WorkerRow
from taskmill.stores.open import open_store
from tests.engine.conftest import Trial

pytestmark = pytest.mark.slow

FULL = "the workers that serve the queue default have no free slot (1 of 1 taken)"


@pytest.mark.parametrize("name", ["in_thread", "on_the_loop"])
async def test_a_handler_that_waits_for_what_cannot_start_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    url = f"sqlite:///{tmp_path}/t.db"
    app = App(url)
    app.clients.timings = WaitTimings(explain_after=0.6)  # by then a worker has given back what it claimed ahead
    children: list[str] = []

    @app.task
    def child() -> None: ...

    @app.task(retries=0)
    def in_thread() -> None:
        handle = child.enqueue()
        children.append(handle.id)
        handle.result(timeout=0.9)

    @app.task(retries=0)
    async def on_the_loop() -> None:
        handle = await child.aenqueue()
        children.append(handle.id)
        await handle.aresult(timeout=0.9)

    store = open_store(url, caller="loop")
    await store.open()
    await store.put_task_types([task.row() for task in app.tasks.values()])
    # As the worker's own row is in the middle of the handler: workers tell what they run with each heartbeat.
    now = times.now()
    await store.put_worker(WorkerRow("w", "here", 1, now, now, "null", 1, 1, "0"))
    mill = Trial(store)
    async with mill.worker(slots=1, tasks=app.tasks):
        [id] = await mill.add(app.tasks[name].call())
        await mill.final(id)
        await mill.final(children[0])
    [line] = [record.getMessage() for record in caplog.records if record.name == "taskmill.sdk.clients"]
    assert line.startswith(f"task {id} ({name}) waits for task {children[0]}, which has not started: {FULL}")
    waiting = child.enqueue()
    assert FULL in (await why_not_started(store, waiting.refresh()) or "")
    with pytest.raises(ResultTimeout) as late:
        await waiting.aresult(timeout=0.01)
    assert (late.value.hint or "").startswith(FULL)
    await app.aclose()
    await store.close()
