"""Taskmill's own tasks, as a report: what ran, how long it took, what failed."""

import contextlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from taskmill.catalogue import settings
from taskmill.catalogue.report.document import Chart, Document, Section, Table, moment
from taskmill.catalogue.report.parameters import OwnTasks
from taskmill.core.state import State
from taskmill.core.task import SECOND, Task
from taskmill.sdk.context import Context
from taskmill.sdk.sync import run
from taskmill.stores.contract import Filter, Store
from taskmill.stores.open import open_store

PAGE = 500
MOST_TASKS = 200_000
LISTED = 20
BUCKETS = 48
"""At most so many bars show when tasks were made."""


def read(ctx: Context, about: OwnTasks, title: str) -> tuple[Document, int]:
    """The report, and how many tasks it is about."""
    with _store() as store:
        now = run(store.clock())
        tasks = list(_tasks(ctx, store, about, now - about.hours * 3600 * SECOND))
    return _document(tasks, about, title, datetime.fromtimestamp(now / SECOND, UTC)), len(tasks)


@contextlib.contextmanager
def _store() -> Iterator[Store]:
    told = settings.current()
    store = open_store(told.store, durability=told.durability)
    run(store.open())
    try:
        yield store
    finally:
        run(store.close())


def _tasks(ctx: Context, store: Store, about: OwnTasks, since: int) -> Iterator[Task]:
    """Newest first, without the one that asks."""
    where = Filter(queues=tuple(about.queues), task_types=tuple(about.task_types), created_after=since)
    total = run(store.count(where, MOST_TASKS)) or 1
    cursor, seen = None, 0
    while seen < MOST_TASKS:
        ctx.raise_if_cancelled()
        page = run(store.find(where, PAGE, cursor))
        yield from (task for task in page.tasks if task.spec.id != ctx.task.id)
        seen += len(page.tasks)
        ctx.progress(0.5 * min(1.0, seen / total), f"{seen:,} tasks read")
        cursor = page.cursor
        if cursor is None:
            return


def _document(tasks: list[Task], about: OwnTasks, title: str, now: datetime) -> Document:
    states = Counter(task.head.state for task in tasks)
    took = [seconds for task in tasks if (seconds := _seconds(task)) is not None]
    figures = [
        ("tasks", f"{len(tasks):,}" + (" (the newest)" if len(tasks) >= MOST_TASKS else "")),
        ("succeeded", f"{states[State.SUCCEEDED]:,}"),
        ("failed", f"{states[State.FAILED]:,}"),
        ("cancelled", f"{states[State.CANCELLED]:,}"),
        ("unfinished", f"{sum(states[one] for one in (State.WAITING, State.SCHEDULED, State.READY, State.RUNNING)):,}"),
        ("median duration", _duration(median(took)) if took else "none"),
    ]
    subtitle = f"Tasks created in the {about.hours:,} hours before {moment(now)}{_only(about)}"
    sections = [_by_type(tasks), _over_time(tasks, about, now), _failures(tasks), _slowest(tasks)]
    return Document(title, subtitle, figures, sections)


def _only(about: OwnTasks) -> str:
    queues = f", queues {', '.join(about.queues)}" if about.queues else ""
    return queues + (f", task types {', '.join(about.task_types)}" if about.task_types else "")


def _by_type(tasks: list[Task]) -> Section:
    groups: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        groups[task.spec.task_type].append(task)
    rows = [_type_row(name, groups[name]) for name in sorted(groups, key=lambda name: (-len(groups[name]), name))]
    columns = ["task type", "tasks", "succeeded", "failed", "attempts", "median", "95 %", "longest"]
    shown = rows[:LISTED]
    series = {
        "succeeded": [float(row[2]) for row in shown],
        "failed": [float(row[3]) for row in shown],
    }
    chart = Chart("bar", [row[0] for row in shown], series, "tasks") if shown else None
    return Section("By task type", "" if rows else "No tasks in this time.", Table(columns, rows), chart)


def _type_row(name: str, tasks: list[Task]) -> list[Any]:
    states = Counter(task.head.state for task in tasks)
    took = sorted(seconds for task in tasks if (seconds := _seconds(task)) is not None)
    durations = [median(took), took[int(len(took) * 0.95)], took[-1]] if took else []
    shown = [_duration(seconds) for seconds in durations] or ["", "", ""]
    attempts = sum(task.head.attempt for task in tasks)
    return [name, len(tasks), states[State.SUCCEEDED], states[State.FAILED], attempts, *shown]


def _over_time(tasks: list[Task], about: OwnTasks, now: datetime) -> Section:
    width = about.hours * 3600 / min(BUCKETS, about.hours)
    count = round(about.hours * 3600 / width)
    start = now - timedelta(hours=about.hours)
    made: dict[str, list[float]] = {"succeeded": [0.0] * count, "failed": [0.0] * count, "other": [0.0] * count}
    for task in tasks:
        at = min(count - 1, max(0, int((task.spec.created_at / SECOND - start.timestamp()) / width)))
        made[task.head.state if task.head.state in made else "other"][at] += 1
    form = "%H:%M" if about.hours <= 48 else "%m-%d %H:%M"
    labels = [(start + timedelta(seconds=width * at)).strftime(form) for at in range(count)]
    return Section("Over time", "When the tasks were created (UTC).", None, Chart("line", labels, made, "tasks"))


def _failures(tasks: list[Task]) -> Section:
    failed = [task for task in tasks if task.head.state is State.FAILED]
    rows = [[task.spec.task_type, task.spec.id, _at(task.head.finished_at), *_error(task)] for task in failed[:LISTED]]
    text = f"The newest {len(rows)} of {len(failed):,}." if failed else "None failed."
    return Section(
        "Failures", text, Table(["task type", "task", "finished", "error", "message"], rows) if rows else None
    )


def _slowest(tasks: list[Task]) -> Section:
    took = [(seconds, task) for task in tasks if (seconds := _seconds(task)) is not None]
    slowest = sorted(took, key=lambda one: -one[0])[:LISTED]
    rows = [[task.spec.task_type, task.spec.id, task.head.state.value, _duration(sec)] for sec, task in slowest]
    return Section("Slowest", "", Table(["task type", "task", "state", "duration"], rows) if rows else None)


def _error(task: Task) -> tuple[str, str]:
    error = json.loads(task.head.error or "{}")
    return str(error.get("type", "")), str(error.get("message", ""))[:300]


def _seconds(task: Task) -> float | None:
    """Of the last attempt, once it ended."""
    started, finished = task.head.started_at, task.head.finished_at
    return None if started is None or finished is None else (finished - started) / SECOND


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _at(time: int | None) -> str:
    return "" if time is None else moment(datetime.fromtimestamp(time / SECOND, UTC))
