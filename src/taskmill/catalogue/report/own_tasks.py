"""Taskmill's own tasks, as a report: what ran, how long it took, what failed."""

import contextlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

from taskmill.catalogue import settings
from taskmill.catalogue.report.document import Document, ReportChart, ReportSection, ReportTable, moment
from taskmill.catalogue.report.parameters import OwnTasks
from taskmill.core.state import State
from taskmill.core.task import SECOND, Task
from taskmill.executors.contract import Context
from taskmill.sdk.sync import run
from taskmill.stores.contract import Store, TaskFilter
from taskmill.stores.open import open_store

PAGE = 100
MOST_TASKS = 200_000
LISTED = 20
BUCKETS = 48
"""At most so many bars show when tasks were made."""


class Seen(NamedTuple):
    """What is kept of a task: its parameters and result may be megabytes."""

    id: str
    task_type: str
    state: State
    attempts: int
    created_at: float
    """Seconds since the Unix epoch."""
    finished_at: float | None
    seconds: float | None
    """How long the last attempt took, once it ended."""
    error: str
    message: str


def read(ctx: Context, about: OwnTasks, title: str) -> tuple[Document, int]:
    """The report, and how many tasks it is about."""
    with _store() as store:
        now = run(store.clock())
        tasks = list(_tasks(ctx, store, about, now - about.hours * 3600 * SECOND))
    return _document(tasks, about, title, datetime.fromtimestamp(now / SECOND, UTC)), len(tasks)


@contextlib.contextmanager
def _store() -> Iterator[Store]:
    configured = settings.current()
    store = open_store(configured.store, durability=configured.durability)
    run(store.open())
    try:
        yield store
    finally:
        run(store.close())


def _tasks(ctx: Context, store: Store, about: OwnTasks, since: int) -> Iterator[Seen]:
    """Newest first, without the one that asks."""
    where = TaskFilter(queues=tuple(about.queues), task_types=tuple(about.task_types), created_after=since)
    total = run(store.count(where, MOST_TASKS)) or 1
    cursor, seen = None, 0
    while seen < MOST_TASKS:
        ctx.raise_if_cancelled()
        page = run(store.find(where, PAGE, cursor))
        yield from (_seen(task) for task in page.tasks if task.spec.id != ctx.task.id)
        seen += len(page.tasks)
        ctx.progress(0.5 * min(1.0, seen / total), f"{seen:,} tasks read")
        cursor = page.cursor
        if cursor is None:
            return


def _document(tasks: list[Seen], about: OwnTasks, title: str, now: datetime) -> Document:
    states = Counter(task.state for task in tasks)
    took = [task.seconds for task in tasks if task.seconds is not None]
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


def _by_type(tasks: list[Seen]) -> ReportSection:
    groups: dict[str, list[Seen]] = defaultdict(list)
    for task in tasks:
        groups[task.task_type].append(task)
    rows = [_type_row(name, groups[name]) for name in sorted(groups, key=lambda name: (-len(groups[name]), name))]
    columns = ["task type", "tasks", "succeeded", "failed", "attempts", "median", "95 %", "longest"]
    shown = rows[:LISTED]
    series = {
        "succeeded": [float(row[2]) for row in shown],
        "failed": [float(row[3]) for row in shown],
    }
    chart = ReportChart("bar", [row[0] for row in shown], series, "tasks") if shown else None
    return ReportSection("By task type", "" if rows else "No tasks in this time.", ReportTable(columns, rows), chart)


def _type_row(name: str, tasks: list[Seen]) -> list[Any]:
    states = Counter(task.state for task in tasks)
    took = sorted(task.seconds for task in tasks if task.seconds is not None)
    durations = [median(took), took[int(len(took) * 0.95)], took[-1]] if took else []
    shown = [_duration(seconds) for seconds in durations] or ["", "", ""]
    attempts = sum(task.attempts for task in tasks)
    return [name, len(tasks), states[State.SUCCEEDED], states[State.FAILED], attempts, *shown]


def _over_time(tasks: list[Seen], about: OwnTasks, now: datetime) -> ReportSection:
    width = about.hours * 3600 / min(BUCKETS, about.hours)
    count = round(about.hours * 3600 / width)
    start = now - timedelta(hours=about.hours)
    made: dict[str, list[float]] = {"succeeded": [0.0] * count, "failed": [0.0] * count, "other": [0.0] * count}
    for task in tasks:
        at = min(count - 1, max(0, int((task.created_at - start.timestamp()) / width)))
        made[task.state if task.state in made else "other"][at] += 1
    form = "%H:%M" if about.hours <= 48 else "%m-%d %H:%M"
    labels = [(start + timedelta(seconds=width * at)).strftime(form) for at in range(count)]
    return ReportSection(
        "Over time", "When the tasks were created (UTC).", None, ReportChart("line", labels, made, "tasks")
    )


def _failures(tasks: list[Seen]) -> ReportSection:
    failed = [task for task in tasks if task.state is State.FAILED]
    rows = [[task.task_type, task.id, _at(task.finished_at), task.error, task.message] for task in failed[:LISTED]]
    text = f"The newest {len(rows)} of {len(failed):,}." if failed else "None failed."
    return ReportSection(
        "Failures", text, ReportTable(["task type", "task", "finished", "error", "message"], rows) if rows else None
    )


def _slowest(tasks: list[Seen]) -> ReportSection:
    took = [(task.seconds, task) for task in tasks if task.seconds is not None]
    slowest = sorted(took, key=lambda one: -one[0])[:LISTED]
    rows = [[task.task_type, task.id, task.state.value, _duration(sec)] for sec, task in slowest]
    return ReportSection("Slowest", "", ReportTable(["task type", "task", "state", "duration"], rows) if rows else None)


def _seen(task: Task) -> Seen:
    spec, head = task
    error = json.loads(head.error or "{}")
    started, finished = (None if time is None else time / SECOND for time in (head.started_at, head.finished_at))
    return Seen(
        spec.id,
        spec.task_type,
        head.state,
        head.attempt,
        spec.created_at / SECOND,
        finished,
        None if started is None or finished is None else finished - started,
        str(error.get("type", "")),
        str(error.get("message", ""))[:300],
    )


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _at(time: float | None) -> str:
    return "" if time is None else moment(datetime.fromtimestamp(time, UTC))
