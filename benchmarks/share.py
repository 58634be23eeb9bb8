"""What share of SQLite's own rate Taskmill reaches, and where the rest of the time goes.

Tasks whose `async def` does nothing, in one worker process: claim, run, save. SQLite tells itself how long each of its
statements took (its disk's part included); the same rows then go through the store alone, without a worker.
"""

import asyncio
import contextlib
import cProfile
import pstats
import sys
import tempfile
import time
from pathlib import Path

import apsw

from taskmill import App
from taskmill.core import machine
from taskmill.core.state import State
from taskmill.core.task import Decision
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.engine.worker.worker import Worker
from taskmill.executors.inline import Inline
from taskmill.sdk.sync import run
from taskmill.stores.contract import ClaimQuery
from taskmill.stores.open import open_store
from taskmill.stores.sqlite.store import SqliteStore

TASKS = 20_000
BATCH = 200


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="taskmill-share-") as directory:
        sqlite_us, store_us = min(_store_only(Path(directory) / f"store{i}.db") for i in range(3))
        worker_us = min(_whole_worker(Path(directory) / f"worker{i}.db") for i in range(3))
        print(f"SQLite itself:            {sqlite_us:5.1f} µs per task, {sqlite_us / worker_us:4.0%} of the whole")
        print(f"claim and save, no worker: {store_us:4.1f} µs per task, {store_us / worker_us:4.0%}")
        print(f"one whole worker process: {worker_us:5.1f} µs per task")
        print("\nprofile of the worker (the profiler slows Python down, not SQLite):\n")
        profile = cProfile.Profile()
        _whole_worker(Path(directory) / "profile.db", profile)
        pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(15)


def _app(path: Path) -> App:
    app = App(f"sqlite:///{path}")

    @app.task
    async def nothing(number: int) -> None: ...

    app.tasks["nothing"].enqueue_many([app.tasks["nothing"].call(number) for number in range(TASKS)])
    return app


def _store_only(path: Path) -> tuple[float, float]:
    """Microseconds per task: inside SQLite, and in all."""
    _app(path).close()
    store = SqliteStore(str(path))
    run(store.open())
    spent: list[int] = []
    assert store.writer.database is not None
    store.writer.database.connection.trace_v2(
        apsw.SQLITE_TRACE_PROFILE, lambda event: spent.append(event["nanoseconds"])
    )
    began = time.perf_counter()
    _, claims = run(store.turn("bench", [], 60_000_000, ClaimQuery(BATCH)))
    while claims:
        now = claims[0].head.started_at or 0
        decisions = [Decision(spec.id, machine.succeed(head, "null", now)) for spec, head in claims]
        _, claims = run(store.turn("bench", decisions, 60_000_000, ClaimQuery(BATCH)))
    microseconds = (time.perf_counter() - began) / TASKS * 1e6
    run(store.close())
    return sum(spent) / 1e3 / TASKS, microseconds


def _whole_worker(path: Path, profile: cProfile.Profile | None = None) -> float:
    app = _app(path)
    with profile or contextlib.nullcontext():
        microseconds = asyncio.run(_drain(app, path))
    app.close()
    return microseconds


async def _drain(app: App, path: Path) -> float:
    store = open_store(f"sqlite:///{path}")
    await store.open()
    worker = Worker(Notifier(store), app.tasks, {"inline": Inline()}, WorkerSettings(), "bench")
    drain, stop = asyncio.Event(), asyncio.Event()
    ear = store.bell.listen("final")
    began = time.perf_counter()
    running = asyncio.create_task(worker.run(drain, stop))
    while (await store.stats()).states.get(State.SUCCEEDED, 0) < TASKS:
        await ear.wait(0.05)
        await asyncio.sleep(0.05)
    microseconds = (time.perf_counter() - began) / TASKS * 1e6
    ear.close()
    drain.set()
    await running
    await store.close()
    return microseconds
