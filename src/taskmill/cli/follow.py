"""Following one task to its end, for `submit` and `watch`: a bar on a terminal, next to nothing in a pipe."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import click

from taskmill.cli.errors import CtrlC
from taskmill.cli.hints import here
from taskmill.cli.output import cell, terminal
from taskmill.cli.tasks import progress_of
from taskmill.core.state import State
from taskmill.service.live_session import LiveSession
from taskmill.service.views import TaskView


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchTimings:
    """Seconds."""

    silence: float = 0.5
    """Without news of a task that is followed, after which one looks all the same."""
    unstarted: float = 1.0
    """After which a task that does not start deserves a word."""
    silence_of_all: float = 1.0
    """Like `silence`, where all tasks are watched."""
    minimum_interval: float = 0.1
    """Between two looks at all tasks, however many events come."""


TIMINGS = WatchTimings()

# What a live feed logs when its store is away, Python would write to stderr; the command says it in its own words.
logging.getLogger("taskmill").addHandler(logging.NullHandler())


def follow(session: LiveSession, id: str, timeout: float | None = None, timings: WatchTimings = TIMINGS) -> TaskView:
    """The final task. Shows its progress meanwhile, and why nothing happens when nothing does.

    Raises NotFound, ResultTimeout.
    """
    started = time.monotonic()
    with closing(session.follow(id, timeout, timings.silence)) as views, _display() as show:
        for view in views:
            late = time.monotonic() - started >= timings.unstarted
            show(view, session.run(session.service.why_not_started(view.id)) if late else None)
    return view


@contextmanager
def ctrl_c_leaves_it(id: str) -> Iterator[None]:
    """Ctrl-C says how to get back to the task, which goes on. Raises CtrlC."""
    try:
        yield
    except KeyboardInterrupt:
        text = f"task {id} goes on\n  follow it: taskmill watch {id}\n  stop it:   taskmill cancel {id}"
        raise CtrlC(text) from None


@contextmanager
def _display() -> Iterator[Callable[[TaskView, str | None], None]]:
    """Shows the task as it is, and why it does not start, if that is known."""
    if not terminal(sys.stderr):
        yield HintsOnce().show
        return
    from taskmill.cli.screen import task_bar  # rich is for terminals alone

    with task_bar() as bar:

        def show(view: TaskView, hint: str | None) -> None:
            progress = progress_of(view)
            fraction = 1.0 if view.state is State.SUCCEEDED else progress.fraction
            bar(f"{cell(view.task_type)} {view.state}", fraction, cell(here(hint) if hint else progress.note))

        yield show


class HintsOnce:
    """On stderr."""

    def __init__(self) -> None:
        self._last: str | None = None

    def show(self, _view: TaskView, hint: str | None) -> None:
        if hint and hint != self._last:
            click.echo(f"hint: {here(hint)}", err=True)
            self._last = hint
