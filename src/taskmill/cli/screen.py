"""What a terminal shows beyond lines: tables and bars. Imported once there is a terminal, since rich takes a while."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

GAP = 2
"""Columns of the terminal between two columns of a table."""

STYLES = {
    "succeeded": "green",
    "failed": "red",
    "running": "cyan",
    "cancelled": "yellow",
    "ok": "green",
    "warning": "yellow",
}

Cells = Sequence[Sequence[str]]


def show_table(headers: Sequence[str], cells: Cells, spare: Sequence[str]) -> None:
    """Columns in `spare` give way, in that order, where the terminal is too narrow for all."""
    Console(highlight=False, markup=False).print(_table(headers, cells, spare))


def show_live_table(headers: Sequence[str], tables: Iterable[Cells], spare: Sequence[str]) -> None:
    """Each in the place of the one before."""
    with Live(console=Console(highlight=False), auto_refresh=False) as live:
        for cells in tables:
            live.update(_table(headers, cells, spare), refresh=True)


@contextmanager
def count_bar() -> Iterator[Callable[[int, int], None]]:
    """On stderr: how many of how many."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
        counted = bar.add_task("", total=None)
        yield lambda done, total: bar.update(counted, completed=done, total=total)


@contextmanager
def task_bar() -> Iterator[Callable[[str, float | None, str], None]]:
    """On stderr: name, fraction if it is known, and a note; it vanishes at the end."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[name]}", markup=False),
        BarColumn(),
        TaskProgressColumn(markup=True),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as bar:
        shown = bar.add_task("", total=None, note="", name="")

        def update(name: str, fraction: float | None, note: str) -> None:
            total, completed = (None, 0.0) if fraction is None else (1.0, fraction)
            bar.update(shown, total=total, completed=completed, name=name, note=note)

        yield update


def _table(headers: Sequence[str], cells: Cells, spare: Sequence[str]) -> Table:
    widths = [max(cell_len(line[index]) for line in (headers, *cells)) + GAP for index in range(len(headers))]
    shown = list(range(len(headers)))
    for header in spare:
        if sum(widths[index] for index in shown) < shutil.get_terminal_size().columns:
            break
        shown.remove(headers.index(header))
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for index in shown:
        table.add_column(headers[index], no_wrap=index != shown[-1], overflow="fold")
    for line in cells:
        table.add_row(*(Text(line[index], style=STYLES.get(line[index], "")) for index in shown))
    return table
