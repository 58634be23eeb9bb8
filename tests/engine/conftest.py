"""A worker in the test's own process, on a real store."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taskmill.brokers.contract import Broker
from taskmill.core.ids import uuid7
from taskmill.core.state import State
from taskmill.core.task import Task
from taskmill.engine.client.enqueue import enqueue
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.settings import WorkerSettings, WorkerTimings
from taskmill.engine.worker.worker import Worker
from taskmill.executors.contract import Executor, Handler
from taskmill.executors.inline import Inline
from taskmill.executors.processes import Processes
from taskmill.executors.threads import Threads
from taskmill.sdk.task import Call
from taskmill.stores.contract import Store, TaskFilter
from taskmill.stores.open import open_store
from tests.engine import handlers, misbehaving

HERE = Path(__file__).parent
TASKS = {**handlers.app.tasks, **misbehaving.app.tasks}


class RunningWorker(Worker):
    """With what ends it, and the end itself."""

    drain: asyncio.Event
    stop: asyncio.Event
    running: asyncio.Task[None]


class Trial:
    """A mill, and what tests do with it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.notifier = Notifier(store)
        self.served = store
        """What workers get."""
        self.broker: Broker | None = None
        self.timings = WorkerTimings()
        self.stop_timeout = 5.0
        """Of the processes of attempts."""

    async def add(self, *calls: Call[Any]) -> list[str]:
        return [made.id for made in await enqueue(self.notifier, [call.made for call in calls])]

    async def final(self, id: str) -> Task:
        return await self.when(id, lambda task: task.head.finished_at is not None)

    async def run(self, call: Call[Any]) -> Task:
        [id] = await self.add(call)
        return await self.final(id)

    async def all_done(self, timeout: float = 20) -> None:
        """Nothing is ready or running any more."""
        unfinished = TaskFilter(states=(State.READY, State.RUNNING))
        ear = self.store.bell.listen("final")
        try:
            async with asyncio.timeout(timeout):
                while await self.store.count(unfinished, 1):
                    await ear.wait(0.05)
        finally:
            ear.close()

    async def get(self, id: str) -> Task:
        return (await self.store.get([id]))[id]

    async def when(self, id: str, condition: Callable[[Task], bool]) -> Task:
        """The task as soon as the condition holds, looking whenever something is rung."""
        ear = self.store.bell.listen("ready", "due", "final", "cancel", "progress")
        try:
            async with asyncio.timeout(20):
                while not condition(task := await self.get(id)):
                    await ear.wait(0.05)
        finally:
            ear.close()
        return task

    def _of_worker(self) -> Notifier:
        return self.notifier if self.served is self.store else Notifier(self.served)

    @asynccontextmanager
    async def worker(
        self, timings: WorkerTimings | None = None, tasks: Mapping[str, Handler] = TASKS, **settings: Any
    ) -> AsyncIterator[RunningWorker]:
        """Drained at the end of the block."""
        chosen = replace(WorkerSettings(grace=5.0, poll=0.05), **settings)
        command = [sys.executable, str(HERE / "attempts.py")]
        executors: dict[str, Executor] = {
            "inline": Inline(),
            "threads": Threads(),
            "processes": Processes(command, stop_timeout=self.stop_timeout),
        }
        owner, timings = f"test-{uuid7()}", timings or self.timings
        worker = RunningWorker(self._of_worker(), tasks, executors, chosen, owner, broker=self.broker, timings=timings)
        worker.drain, worker.stop = asyncio.Event(), asyncio.Event()
        worker.running = asyncio.create_task(worker.run(worker.drain, worker.stop))
        try:
            yield worker
        finally:
            worker.drain.set()
            await worker.running
            for executor in executors.values():
                await executor.close()


Workers = Callable[..., AbstractAsyncContextManager[RunningWorker]]


@pytest.fixture(params=["memory", "sqlite"])
async def mill(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Trial]:
    store = open_store("memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/t.db")
    await store.open()
    yield Trial(store)
    await store.close()
