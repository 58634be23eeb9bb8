"""`get` and `list`; and how a task, its attempts and its outcome look on the screen."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from taskmill.cli.completion import complete_id
from taskmill.cli.options import filter_options, filter_values, json_option, store_options
from taskmill.cli.output import details, document, json_line, printable, rows, safe_json, terminal
from taskmill.core.errors import TaskCancelled
from taskmill.core.state import State
from taskmill.core.times import iso
from taskmill.service.present import no_result
from taskmill.service.session import Session, open_session
from taskmill.service.views import Attempts, AttemptView, TaskPage, TaskSummary, TaskView, Where

COLUMNS = ("id", "type", "state", "queue", "priority", "attempt", "created")
SPARE = ("priority", "queue", "attempt", "created")
"""The columns that a narrow terminal can do without, in this order."""
PAGE = 500


@click.command()
@click.argument("id", shell_complete=complete_id)
@click.option("-v", "--verbose", is_flag=True, help="Also its attempts, with their logs and tracebacks.")
@json_option
@store_options
def get(id: str, verbose: bool, as_json: bool, store: str | None, config: str | None) -> None:
    """Show one task. The beginning of its id will do, where no other task's id begins so."""
    with open_session(store, config) as session:
        id = session.run(session.service.whole_id(id))
        view = session.run(session.service.get(id))
        attempts = session.run(session.service.attempts(id)) if verbose else None
    if as_json:
        more = {"attempts": attempts.attempts} if attempts else {}
        document(msgspec.structs.asdict(view) | more)
        return
    details(_fields(view))
    if attempts:
        for line in attempt_lines(attempts):
            click.echo(line)


@click.command("list")
@filter_options
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@json_option
@store_options
def list_(limit: int, as_json: bool, store: str | None, config: str | None, **where: Any) -> None:
    """List tasks, newest first.

    When more match, it says so on stderr. With --json, a document per line. In a pipe, the fields are separated by
    tabs: id, type, state, queue, priority, attempt, created.
    """
    found: list[TaskSummary] = []
    with open_session(store, config) as session:
        for page in _pages(session, limit, where):
            if as_json:
                for task in page.tasks:
                    json_line(task)
            else:
                found += page.tasks
    if not as_json:
        rows(COLUMNS, (summary(task) for task in found), "no task matches", SPARE)
    if page.next_cursor is not None:
        click.echo(
            f"hint: more tasks match than these {limit}; --limit {limit * 10} shows up to {limit * 10}", err=True
        )


def summary(task: TaskSummary) -> tuple[object, ...]:
    attempt = f"{task.attempt}/{task.attempt_limit}"
    created = ago(task.created_at) if terminal() else task.created_at
    return (task.id, task.task_type, task.state, task.queue, task.priority, attempt, created)


def ago(at: str) -> str:
    """Like `3m ago`, for a time as the service gives it."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit} ago"
    return f"{max(0, seconds):.0f}s ago"


def _pages(session: Session, limit: int, where: dict[str, Any]) -> Iterator[TaskPage]:
    """One at least."""
    cursor, left = None, limit
    while left > 0:
        page = session.run(session.service.tasks(Where(**filter_values(where)), min(left, PAGE), cursor))
        yield page
        cursor, left = page.next_cursor, left - len(page.tasks)
        if cursor is None:
            return


def _fields(view: TaskView) -> Iterator[tuple[str, object]]:
    for name in view.__struct_fields__:
        value = getattr(view, name)
        if value is None or value == []:
            continue
        if name == "error":
            value = str(error_of(value))
        elif name == "progress":
            progress = progress_of(view)
            value = f"{(progress.fraction or 0):.0%} {progress.note}"
        elif name == "result":
            value = result_text(value)
        elif name == "parameters":
            value = bytes(value).decode()
        yield name, value


class LogLine(msgspec.Struct):
    at: int = 0
    level: str = ""
    message: str = ""


def attempt_lines(attempts: Attempts) -> Iterator[str]:
    for attempt in attempts.attempts:
        worker = f" on {attempt.worker}" if attempt.worker else ""
        began = f", began {attempt.started_at}" if attempt.started_at else ""
        yield f"attempt {attempt.number}: {attempt.outcome}{worker}{began}, ended {attempt.finished_at}"
        yield from (printable(f"  {iso(line.at)} {line.level} {line.message}") for line in _log(attempt))
        if attempt.error is not None:
            error = error_of(attempt.error)
            text = (error.traceback or str(error)).rstrip()
            yield from (printable(f"  {line}") for line in text.splitlines())


def _log(attempt: AttemptView) -> list[LogLine]:
    try:
        return [] if attempt.log is None else msgspec.json.decode(attempt.log, type=list[LogLine])
    except msgspec.DecodeError:
        return []


class ReportedProgress(msgspec.Struct):
    """As it is stored (engine/worker/progress.py)."""

    fraction: float | None = None
    note: str = ""


def progress_of(view: TaskSummary) -> ReportedProgress:
    try:
        return (
            ReportedProgress() if view.progress is None else msgspec.json.decode(view.progress, type=ReportedProgress)
        )
    except msgspec.DecodeError:
        return ReportedProgress()


class StoredError(msgspec.Struct):
    """An error as it is stored (core/outcome.py, Failure)."""

    code: str = ""
    type: str = "error"
    message: str = ""
    traceback: str | None = None

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


def show_outcome(view: TaskView, as_json: bool, verbose: bool) -> None:
    """Print the result. Raises TaskError, TaskCancelled for a task without one."""
    if as_json:
        document(view)
    elif view.state is State.SUCCEEDED and view.result is not None:
        click.echo(result_text(view.result))
    require_result(view, verbose)


def require_result(view: TaskView, verbose: bool) -> None:
    """Raises TaskError, TaskCancelled for a task that ended without a result."""
    kind = no_result(view.state)
    if kind is TaskCancelled:
        error = error_of(view.error)
        raise TaskCancelled(
            f"task {view.id} " + (f"expired: {error.message}" if error.code == "expired" else "was cancelled")
        )
    if kind is not None:
        error = error_of(view.error)
        if verbose and error.traceback:
            click.echo(printable(error.traceback.rstrip()), err=True)
        hint = f"taskmill get -v {view.id} shows its attempts and logs"
        raise kind(f"task {view.id} {view.state}: {error}", hint=hint)


def error_of(raw: msgspec.Raw | None) -> StoredError:
    try:
        return StoredError() if raw is None else msgspec.json.decode(raw, type=StoredError)
    except msgspec.DecodeError:
        return StoredError()


def result_text(result: msgspec.Raw) -> str:
    """A text as it is, everything else as JSON."""
    value = msgspec.json.decode(result)
    if isinstance(value, str):
        return printable(value) if terminal() else value
    return safe_json(msgspec.json.format(bytes(result), indent=2 if terminal() else -1))
