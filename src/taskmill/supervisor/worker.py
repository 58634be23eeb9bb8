"""A worker process: `python -m taskmill.supervisor.worker NAME`, with the plan on its standard input."""

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Coroutine, Mapping
from typing import Any

import msgspec

from taskmill import __version__
from taskmill.engine.duties.thread import DutyThread
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.board import Board
from taskmill.engine.worker.interpreter import InterpreterWatch
from taskmill.engine.worker.logs import capture, capture_all_of
from taskmill.engine.worker.memory import collect_by_memory
from taskmill.engine.worker.withheld import withhold
from taskmill.engine.worker.worker import Worker
from taskmill.executors import frames
from taskmill.executors.contract import Executor, Handler
from taskmill.executors.inline import Inline
from taskmill.executors.processes import Processes
from taskmill.executors.threads import Threads
from taskmill.plugins import configure, handlers, tidy, warn_of_unknown_switches
from taskmill.sdk.backend import Backend
from taskmill.sdk.loading import load_app
from taskmill.stores.contract import WorkerRow
from taskmill.stores.open import open_store
from taskmill.supervisor.bootstrap import receive_plan, report, run_or_exit, stop_on_signals
from taskmill.supervisor.forks import Descriptor, open_descriptors, separate_forks
from taskmill.supervisor.lingering import report_what_keeps_it
from taskmill.supervisor.plan import ENDING, READY, ChildPlan, Plan

SWITCH_INTERVAL = 0.0005
"""Seconds a thread keeps the interpreter while another wants it (5 ms unless set).

Each statement of the store lets go of it, and the event loop has to get it back. Beside two `def` handlers that
compute, a round of the worker's loop took 7 ms at the median and 50 to 400 at worst; with this, 4 and 28. Neither those
handlers nor a drain of no-op tasks got slower by more than the noise.
"""

TIDY_EVERY = 3600.0
"""Seconds."""


def main() -> None:
    sys.setswitchinterval(SWITCH_INTERVAL)
    child = receive_plan()
    withhold(child.plan.secrets, full_paths=child.plan.traceback_paths == "full")
    capture()
    try:
        run_or_exit(lambda: _run(_serve(child), child.plan.event_loop))
    finally:
        report(child, ENDING)


def _run(work: Coroutine[Any, Any, None], event_loop: str) -> None:
    """On uvloop, which hears of a task 0.1 ms sooner than asyncio's own loop; it does not exist on Windows."""
    if sys.platform == "win32" or event_loop == "asyncio":
        asyncio.run(work)
    else:
        import uvloop

        uvloop.run(work)


async def _serve(child: ChildPlan) -> None:
    plan = child.plan
    configure(plan.configuration)
    ours = open_descriptors()
    app, disabled = load_app(plan.app) if plan.app else None, plan.configuration.disabled_types
    tasks = handlers(app, disabled)
    capture_all_of(tasks.values())
    warn_of_unknown_switches(app, disabled)
    of_the_app = open_descriptors() - ours
    backend = Backend(plan.connection, "worker")
    await backend.open()
    await backend.store.put_task_types([task.row() for task in tasks.values()])
    executors = _executors(plan)
    private = open_descriptors() - of_the_app
    separate_forks(private)
    try:
        await _work(child, backend, tasks, executors, private)
    finally:
        report_what_keeps_it(child)
        for executor in executors.values():
            await executor.close()
        await backend.close()


async def _work(
    child: ChildPlan,
    backend: Backend,
    tasks: Mapping[str, Handler],
    executors: Mapping[str, Executor],
    private: set[Descriptor],
) -> None:
    """`private`: descriptors that no child of a handler gets."""
    settings, before = child.plan.settings, open_descriptors()
    drain, stop = asyncio.Event(), asyncio.Event()
    board = Board(child.board_fd, settings.slots)
    worker = Worker(backend.notifier, tasks, executors, settings, child.owner, board, backend.broker)
    started = await backend.store.clock()
    duties = DutyThread(
        lambda: _notifier(child.plan, backend.notifier),
        worker,
        lambda: _row(child, worker, started),
        settings,
        on_beat=board.beat,
    )
    stop_on_signals(child, drain, stop)
    duties.start()
    try:
        async with asyncio.TaskGroup() as parts:
            others = [parts.create_task(work) for work in (duties.wait_for_failure(), _tidy_up(), collect_by_memory())]
            await duties.first_beat()
            private |= open_descriptors() - before  # such as those of the duties' own store
            _calm_collector()
            InterpreterWatch().start()
            report(child, READY)
            await worker.run(drain, stop)
            for other in others:
                other.cancel()
    finally:
        duties.finish()


async def _tidy_up() -> None:
    while True:
        await asyncio.to_thread(tidy)
        await asyncio.sleep(TIDY_EVERY)


def _calm_collector() -> None:
    """Tasks leave no cycles behind, so what was imported need not be searched again and again (10 % of a drain)."""
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)


def _notifier(plan: Plan, notifier: Notifier) -> Notifier:
    """For the loop of the duties: a store of its own; tickets and events go out by the worker's senders."""
    return Notifier(
        open_store(plan.store, caller="worker", durability=plan.durability), notifier.tickets, notifier.events
    )


def _executors(plan: Plan) -> dict[str, Executor]:
    command = [sys.executable, "-P", "-m", "taskmill.supervisor.attempts", plan.app or "", plan.log_level]
    first = frames.pack(*plan.configuration)
    return {"inline": Inline(), "threads": Threads(), "processes": Processes(command, first)}


def _row(child: ChildPlan, worker: Worker, started: int) -> WorkerRow:
    settings = child.plan.settings
    queues = msgspec.json.encode(settings.queues).decode()
    task_types = msgspec.json.encode(sorted(worker.handlers)).decode()
    return WorkerRow(
        child.owner,
        socket.gethostname(),
        os.getpid(),
        started,
        0,
        queues,
        settings.slots,
        worker.busy,
        __version__,
        task_types,
    )


if __name__ == "__main__":
    main()
