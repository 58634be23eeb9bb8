"""`copy`: all tasks of one store into another, with its progress, and one line about it at the end."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from taskmill.cli.errors import CtrlC
from taskmill.cli.options import config_option, json_option
from taskmill.cli.output import document, terminal
from taskmill.config.load import settings
from taskmill.core.errors import Conflict
from taskmill.service.admin import CopyReport, copy_store

ShowCounts = Callable[[int, int], None]
"""How many tasks were looked at, of how many."""
STEPS = 10
"""Lines in a pipe."""


@click.command()
@click.option("--from", "source", metavar="URL", required=True, help="The store that is read.")
@click.option("--to", "target", metavar="URL", help="The store that is written; else the one of the settings.")
@click.option("--finished", is_flag=True, help="Only finished tasks: safe while workers serve the store that is read.")
@json_option
@config_option
def copy(source: str, target: str | None, finished: bool, as_json: bool, config: str | None) -> None:
    """Copy tasks with all that is kept of them, task types and paused queues from one store into another.

    It may be interrupted and repeated: what is there already is skipped, and what has changed meanwhile is brought up
    to date. It refuses while workers serve the store that is read, so that no task runs in both.

    \b
    taskmill copy --from sqlite:///taskmill.db --to postgresql://taskmill@db/taskmill
    """
    configured = settings({"store": target}, file=config)
    try:
        with _display() as show:
            report = asyncio.run(copy_store(source, configured.store, finished=finished, progress=show))
    except KeyboardInterrupt:
        raise CtrlC("the same command goes on where it was") from None
    if as_json:
        document(report)
    else:
        click.echo(_sentence(report))
    if report.refused:
        raise Conflict(
            f"{len(report.refused)} tasks stayed out, because other unfinished tasks there have their keys: "
            + ", ".join(report.refused[:5]),
            hint="copy again when those have ended",
        )


def _sentence(report: CopyReport) -> str:
    parts = {
        "copied": report.copied,
        "updated": report.updated,
        "there already": report.there,
        "unfinished and left": report.unfinished_left,
        "purged there": report.purged,
        "refused": len(report.refused),
    }
    counts = ", ".join(f"{count} {what}" for what, count in parts.items() if count or what == "copied")
    tasks = "task" if report.tasks == 1 else "tasks"
    return f"{report.tasks} {tasks} of {report.source}: {counts}; checked in {report.target}"


@contextmanager
def _display() -> Iterator[ShowCounts]:
    """On stderr: a bar on a terminal, a line for each tenth in a pipe."""
    if terminal(sys.stderr):
        from taskmill.cli.screen import count_bar  # rich is for terminals alone

        with count_bar() as show:
            yield show
    else:
        yield CountLines().update


class CountLines:
    def __init__(self) -> None:
        self._shown = 0

    def update(self, seen: int, total: int) -> None:
        step = seen * STEPS // max(1, total)
        if step > self._shown:
            click.echo(f"{seen} of {total} tasks", err=True)
        self._shown = max(step, self._shown)
