"""`watch`: follow one task to its end, or everything that happens."""

import sys
import time
from collections.abc import Collection, Iterator
from contextlib import closing, suppress

import click
import msgspec

from taskmill.cli.completion import complete_id, complete_task_type
from taskmill.cli.follow import TIMINGS, ctrl_c_leaves_it, follow
from taskmill.cli.options import json_option, url_options
from taskmill.cli.output import cell, json_line, rows, terminal
from taskmill.cli.tasks import COLUMNS, SPARE, attempt_lines, progress_of, require_result, show_outcome, summary
from taskmill.core.errors import NotFound
from taskmill.core.state import FINAL
from taskmill.service.live_session import LiveSession, open_live_session
from taskmill.service.views import TaskSummary, Where

SHOWN = 20


@click.command()
@click.argument("id", required=False, shell_complete=complete_id)
@click.option("--queue", multiple=True, metavar="NAME", help="All tasks of this queue.")
@click.option(
    "-T", "--type", "task_type", multiple=True, metavar="NAME", shell_complete=complete_task_type, help="Of this type."
)
@json_option
@url_options
def watch(
    id: str | None, queue: tuple[str, ...], task_type: tuple[str, ...], as_json: bool, **urls: str | None
) -> None:
    """Follow one task to its end, or all tasks.

    With an ID, or the beginning of one, it prints the logs and the result. Without one, it goes on until Ctrl-C. In a
    pipe, a line per change: the fields of `list`, separated by tabs; with --json, a document per line.
    """
    if id is not None and (queue or task_type):
        raise click.UsageError("an ID and --queue or --type cannot go together")
    with open_live_session(**urls) as session:
        if id is None:
            _watch_all(session, Where(queue=list(queue), task_type=list(task_type)), as_json)
            return
        id = session.run(session.service.whole_id(id))
        with ctrl_c_leaves_it(id):
            _watch_one(session, id, as_json)


def _watch_one(session: LiveSession, id: str, as_json: bool) -> None:
    """Raises TaskError, TaskCancelled when it ends without a result."""
    if not as_json:
        view = follow(session, id)
        for line in attempt_lines(session.run(session.service.attempts(id))):
            click.echo(line, err=True)
        show_outcome(view, as_json=False, verbose=False)
        return
    last = b""
    with closing(session.follow(id, None, TIMINGS.silence)) as views:
        for view in views:
            if (data := msgspec.json.encode(view)) != last:
                json_line(view)
                sys.stdout.flush()
            last = data
    require_result(view, verbose=False)


def _watch_all(session: LiveSession, where: Where, as_json: bool) -> None:
    """Until Ctrl-C. When tasks change faster than one can look, some steps are left out."""
    changes = _changes(session, where)
    if terminal() and not as_json:
        from taskmill.cli.screen import show_live_table  # rich is for terminals alone

        tables = ([[*map(cell, summary(task)), _progress(task)] for task in newest[::-1]] for _, newest in changes)
        show_live_table((*COLUMNS, "progress"), tables, SPARE)
        return
    next(changes)  # what is there already
    for changed, _ in changes:
        for task in changed:
            if as_json:
                json_line(task)
            else:
                rows((), [summary(task)], "")
        sys.stdout.flush()


def _changes(session: LiveSession, where: Where) -> Iterator[tuple[list[TaskSummary], list[TaskSummary]]]:
    """(what changed since the last look, the newest tasks), oldest first; at the start, what is there."""
    seen: dict[str, TaskSummary] = {}
    for events in session.watch(where, TIMINGS.silence_of_all, _warn):
        newest = session.run(session.service.tasks(where, SHOWN)).tasks[::-1]
        older = _still_there(session, {event.id for event in events} - {task.id for task in newest})
        changed = [task for task in [*older, *newest] if _mark(seen.get(task.id)) != _mark(task)]
        seen = {task.id: task for task in newest}
        yield changed, newest
        time.sleep(TIMINGS.minimum_interval)


def _warn(sentence: str) -> None:
    click.echo(f"hint: {sentence}", err=True)


def _still_there(session: LiveSession, ids: Collection[str]) -> list[TaskSummary]:
    found: list[TaskSummary] = []
    for id in sorted(ids):
        with suppress(NotFound):
            found.append(session.run(session.service.get(id)))
    return found


def _mark(task: TaskSummary | None) -> object:
    """What makes a change worth a line."""
    return task and (task.state, task.attempt, task.cancel_requested, task.progress and bytes(task.progress))


def _progress(task: TaskSummary) -> str:
    progress = progress_of(task)
    return "" if progress.fraction is None or task.state in FINAL else cell(f"{progress.fraction:.0%} {progress.note}")
