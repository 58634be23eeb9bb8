"""How a task that is being followed looks: a bar on a terminal, next to nothing in a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import click
import msgspec

from taskmill.cli.output import cell, terminal
from taskmill.core.state import State
from taskmill.service.views import TaskSummary, TaskView


class Display(Protocol):
    def update(self, view: TaskView, trouble: str | None) -> None: ...


class Fraction(msgspec.Struct):
    fraction: float | None = None
    note: str = ""


@contextmanager
def display() -> Iterator[Display]:
    if not terminal(sys.stderr):
        yield Plain()
        return
    with _bar() as bar:
        yield Bar(bar)


class Plain:
    """Says each trouble once, on stderr."""

    def __init__(self) -> None:
        self._said: str | None = None

    def update(self, _view: TaskView, trouble: str | None) -> None:
        if trouble and trouble != self._said:
            click.echo(f"hint: {trouble}", err=True)
        self._said = trouble or self._said


class Bar:
    """One line on stderr that vanishes at the end."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._line = bar.add_task("", total=None, note="", name="")

    def update(self, view: TaskView, trouble: str | None) -> None:
        said = Fraction(1.0) if view.state is State.SUCCEEDED else progress_of(view)
        total, completed = (None, 0.0) if said.fraction is None else (1.0, said.fraction)
        note = trouble or said.note
        self._bar.update(
            self._line, total=total, completed=completed, name=f"{cell(view.task_type)} {view.state}", note=cell(note)
        )


def progress_of(view: TaskSummary) -> Fraction:
    if view.progress is None:
        return Fraction()
    try:
        return msgspec.json.decode(view.progress, type=Fraction)
    except msgspec.DecodeError:
        return Fraction()


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[name]}", markup=False),
        BarColumn(),
        TaskProgressColumn(markup=True),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=Console(stderr=True, highlight=False),
        transient=True,
    )
