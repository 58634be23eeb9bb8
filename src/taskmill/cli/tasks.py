"""`get` and `list`: look at tasks."""

from typing import TYPE_CHECKING, Any

import click

from taskmill.cli.completing import complete_id
from taskmill.cli.options import filter_options, json_option, store_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskmill.service.service import Service
    from taskmill.service.views import Attempts, TaskSummary, TaskView

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
    """Show one task."""
    from taskmill.cli.output import details, document
    from taskmill.cli.session import session
    from taskmill.sdk.sync import run

    with session(store, config) as (service, _):
        view = run(service.get(id))
        attempts = run(service.attempts(id)) if verbose else None
    if as_json:
        document(_with_attempts(view, attempts))
        return
    details(_fields(view))
    if attempts:
        _show_attempts(attempts)


@click.command("list")
@filter_options
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@json_option
@store_options
def list_(limit: int, as_json: bool, store: str | None, config: str | None, **where: Any) -> None:
    """List tasks, newest first.

    With --json, a document per line. In a pipe, the fields are separated by tabs: id, type, state, queue, priority,
    attempt, created.
    """
    from taskmill.cli.output import json_line, rows
    from taskmill.cli.session import session

    with session(store, config) as (service, _):
        tasks = _pages(service, limit, where)
        if as_json:
            for task in tasks:
                json_line(task)
        else:
            rows(COLUMNS, (summary(task) for task in tasks), "no task matches", SPARE)


def summary(task: "TaskSummary") -> tuple[object, ...]:
    from taskmill.cli.output import terminal

    attempt = f"{task.attempt}/{task.attempt_limit}"
    created = ago(task.created_at) if terminal() else task.created_at
    return (task.id, task.task_type, task.state, task.queue, task.priority, attempt, created)


def ago(at: str) -> str:
    """Like `3m ago`, for a time as the service gives it."""
    from datetime import UTC, datetime

    seconds = (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit} ago"
    return f"{max(0, seconds):.0f}s ago"


def _pages(service: "Service", limit: int, where: dict[str, Any]) -> "Iterator[TaskSummary]":
    from taskmill.cli.filtering import to_where
    from taskmill.sdk.sync import run

    cursor, left = None, limit
    while left > 0:
        page = run(service.tasks(to_where(where), min(left, PAGE), cursor))
        yield from page.tasks
        cursor, left = page.next_cursor, left - len(page.tasks)
        if cursor is None:
            return


def _fields(view: "TaskView") -> "Iterator[tuple[str, object]]":
    from taskmill.cli.outcome import error_of, result_text
    from taskmill.cli.progress import progress_of

    for name in view.__struct_fields__:
        value = getattr(view, name)
        if value is None or value == []:
            continue
        if name == "error":
            value = str(error_of(value))
        elif name == "progress":
            said = progress_of(view)
            value = f"{(said.fraction or 0):.0%} {said.note}"
        elif name == "result":
            value = result_text(value)
        elif name == "parameters":
            value = bytes(value).decode()
        yield name, value


def _with_attempts(view: "TaskView", attempts: "Attempts | None") -> object:
    import msgspec

    return msgspec.structs.asdict(view) | ({"attempts": attempts.attempts} if attempts else {})


def _show_attempts(attempts: "Attempts") -> None:
    from taskmill.cli.attempts import lines

    for line in lines(attempts):
        click.echo(line)
