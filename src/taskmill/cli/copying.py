"""What `copy` does with two URLs, how it shows its progress, and the one line that it says at the end."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager

import click
import msgspec

from taskmill.cli.output import terminal
from taskmill.core.errors import InvalidSettings, StoreUnavailable
from taskmill.engine.client.copy import Copied, copy
from taskmill.stores.contract import Store
from taskmill.stores.open import open_store
from taskmill.stores.schema import schema_of

Shown = Callable[[int, int], None]
"""Told how many tasks were looked at, of how many."""
STEPS = 10
"""Lines in a pipe."""


class Report(msgspec.Struct):
    source: str
    target: str
    tasks: int
    copied: int
    updated: int
    there: int
    unfinished_left: int
    purged: int
    refused: list[str]

    def __str__(self) -> str:
        parts = {
            "copied": self.copied,
            "updated": self.updated,
            "there already": self.there,
            "unfinished and left": self.unfinished_left,
            "purged there": self.purged,
            "refused": len(self.refused),
        }
        counts = ", ".join(f"{count} {what}" for what, count in parts.items() if count or what == "copied")
        tasks = "task" if self.tasks == 1 else "tasks"
        return f"{self.tasks} {tasks} of {self.source}: {counts}; checked in {self.target}"


async def copied(source_url: str, target_url: str, finished: bool, shown: Shown) -> Report:
    """Raises Conflict, InvalidSettings, StoreError."""
    async with AsyncExitStack() as stack:
        source = await _opened(source_url, stack, must_exist=True)
        target = await _opened(target_url, stack, must_exist=False)
        if source.place == target.place:
            raise InvalidSettings(f"both stores are {source.place}", hint="--from the old one --to the new one")
        total = sum((await source.stats()).states.values())
        done = await copy(source, target, finished=finished, tell=lambda so_far: shown(so_far.seen, total))
        return _report(source, target, done)


def _report(source: Store, target: Store, done: Copied) -> Report:
    return Report(
        source.place, target.place, done.seen, done.new, done.updated, done.there, done.left, done.purged, done.refused
    )


async def _opened(url: str, stack: AsyncExitStack, *, must_exist: bool) -> Store:
    if url.startswith("memory:"):
        raise InvalidSettings("a memory:// store lives in one process and can't be copied", hint="--from sqlite:///…")
    store = open_store(url, caller="loop")
    if must_exist and (await schema_of(url)).found == 0:
        raise StoreUnavailable(f"there is no store at {store.place}", hint="look at the URL after --from")
    stack.push_async_callback(store.close)
    await store.open()
    return store


@contextmanager
def display() -> Iterator[Shown]:
    """On stderr: a bar on a terminal, a line for each tenth in a pipe."""
    if terminal(sys.stderr):
        with _bar() as shown:
            yield shown
    else:
        yield Lines().update


class Lines:
    def __init__(self) -> None:
        self._said = 0

    def update(self, seen: int, total: int) -> None:
        step = seen * STEPS // max(1, total)
        if step > self._said:
            click.echo(f"{seen} of {total} tasks", err=True)
        self._said = max(step, self._said)


@contextmanager
def _bar() -> Iterator[Shown]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True) as bar:
        line = bar.add_task("", total=None)
        yield lambda seen, total: bar.update(line, completed=seen, total=total)
