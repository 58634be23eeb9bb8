"""What `watch` shows."""

import sys
import time
from collections.abc import Collection, Iterator
from contextlib import suppress

import click
import msgspec

from taskmill.cli.attempts import lines
from taskmill.cli.follow import shown
from taskmill.cli.live import Live
from taskmill.cli.outcome import require_result, show_outcome
from taskmill.cli.output import cell, json_line, rows, table, terminal
from taskmill.cli.progress import progress_of
from taskmill.cli.session import Session
from taskmill.cli.tasks import COLUMNS, SPARE, summary
from taskmill.core.errors import NotFound
from taskmill.core.state import FINAL
from taskmill.feeds.contract import EventFilter
from taskmill.sdk.sync import run
from taskmill.service.service import Service
from taskmill.service.views import TaskSummary, TaskView, Where

SHOWN = 20
PATIENCE = 0.5
"""Seconds of silence after which one looks why a task does not start."""
SLOW_LOOK = 1.0
"""Seconds; for what was not told."""
BREATH = 0.1
"""Seconds between two looks at least, however much is told."""


def watch_one(session: Session, live: Live, id: str, as_json: bool) -> None:
    """Raises TaskError, TaskCancelled when it ends without a result."""
    views = _views(session, live, id)
    if as_json:
        require_result(_json(views), verbose=False)
        return
    view = shown(session.service, views)
    for line in lines(run(session.service.attempts(id))):
        click.echo(line, err=True)
    show_outcome(view, as_json=False, verbose=False)


def watch_all(session: Session, live: Live, where: Where, as_json: bool) -> None:
    """Until Ctrl-C. When tasks change faster than one can look, some steps are left out."""
    changes = _changes(session.service, live, where)
    if terminal() and not as_json:
        _live(changes)
        return
    next(changes)  # what is there already
    for changed, _ in changes:
        for task in changed:
            if as_json:
                json_line(task)
            else:
                rows((), [summary(task)], "")
        sys.stdout.flush()


def _views(session: Session, live: Live, id: str) -> Iterator[TaskView]:
    """The task now, and whenever something may have changed, until it is final."""
    view = run(session.service.get(id))
    while view.state not in FINAL:
        for _ in live.task(view.id, PATIENCE):
            yield view
            view = run(session.service.get(id))
    yield view


def _json(views: Iterator[TaskView]) -> TaskView:
    last, view = b"", None
    for view in views:
        if (data := msgspec.json.encode(view)) != last:
            json_line(view)
            sys.stdout.flush()
        last = data
    assert view is not None
    return view


def _changes(service: Service, live: Live, where: Where) -> Iterator[tuple[list[TaskSummary], list[TaskSummary]]]:
    """(what changed since the last look, the newest tasks), oldest first; at the start, what is there."""
    seen: dict[str, TaskSummary] = {}
    for events in live.tasks(_watched(where), SLOW_LOOK):
        newest = run(service.tasks(where, SHOWN)).tasks[::-1]
        older = _still_there(service, {event.id for event in events} - {task.id for task in newest})
        changed = [task for task in [*older, *newest] if _mark(seen.get(task.id)) != _mark(task)]
        seen = {task.id: task for task in newest}
        yield changed, newest
        time.sleep(BREATH)


def _watched(where: Where) -> EventFilter:
    return EventFilter(None, frozenset(where.queue) or None, frozenset(where.task_type) or None)


def _still_there(service: Service, ids: Collection[str]) -> list[TaskSummary]:
    found: list[TaskSummary] = []
    for id in sorted(ids):
        with suppress(NotFound):
            found.append(run(service.get(id)))
    return found


def _mark(task: TaskSummary | None) -> object:
    """What makes a change worth a line."""
    return task and (task.state, task.attempt, task.cancel_requested, task.progress and bytes(task.progress))


def _live(changes: Iterator[tuple[list[TaskSummary], list[TaskSummary]]]) -> None:
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(highlight=False), auto_refresh=False) as live:
        for _, newest in changes:
            cells = [[cell(value) for value in (*summary(task), _progress(task))] for task in reversed(newest)]
            live.update(table((*COLUMNS, "progress"), cells, SPARE), refresh=True)


def _progress(task: TaskSummary) -> str:
    said = progress_of(task)
    return "" if said.fraction is None or task.state in FINAL else f"{said.fraction:.0%} {said.note}"
