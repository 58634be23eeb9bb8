"""DuckDB, locked in: it may read and write the files it was handed and no other, load nothing, and use so much memory.

A statement that runs tells its progress, and is interrupted as soon as somebody cancels the task.
"""

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskmill.catalogue import settings
from taskmill.catalogue.data.expressions import literal
from taskmill.catalogue.refusal import Refusal
from taskmill.core.private_files import make_private_folder
from taskmill.executors.contract import Context

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = "512MB"
THREADS = 2
LARGEST_SPILL = "20GB"
"""What sorting, grouping and joining may put aside on disk."""


class Engine:
    def __init__(
        self,
        ctx: Context,
        connection: "DuckDBPyConnection",
        names: Mapping[str, str],
        spill: Path,
        limits: settings.DataEngineLimits,
    ) -> None:
        self._ctx = ctx
        self._limits = limits
        self._connection = connection
        self._names = names
        self._spill = spill
        self._made = 0
        self.log = ctx.log
        self.called: dict[str, str] = {}
        """Columns, by their names in SQL."""

    def copy(self, sql: str, made: int, total: int) -> int:
        """Have a statement write the file of this descriptor; returns how many rows. `total`: rows that it works on."""
        self._made = made
        count: int = self.rows(sql, 1, total)[0][0]
        self._ctx.progress(1.0, f"{count:,} rows written")
        return count

    def count(self, table: str) -> int:
        """Rows of what stands after FROM."""
        count: int = self.rows(f"SELECT count(*) FROM {table}", 1)[0][0]
        return count

    def rows(self, sql: str, limit: int, total: int = 0) -> list[tuple[Any, ...]]:
        """The first rows that a statement gives. Raises Refusal for what is wrong with the data.

        `total`: rows that it works on, to tell progress; 0 tells nothing.
        """
        import duckdb

        try:
            with self._watched(total):
                found: list[tuple[Any, ...]] = self._connection.execute(sql).fetchmany(limit)
                return found
        except duckdb.InterruptException:
            self._ctx.raise_if_cancelled()
            raise Refusal(
                f"the output would be larger than {self._limits.largest_output:,} bytes; filter rows before"
            ) from None
        except duckdb.OutOfMemoryException:
            raise Refusal(
                f"these steps need more than {MEMORY} of memory, or {LARGEST_SPILL} on disk: filter rows or select "
                "columns before; median keeps all values of its column"
            ) from None
        except (duckdb.IOException, duckdb.InternalException, duckdb.FatalException):
            raise  # not of the data's making: another attempt may do better
        except duckdb.Error as error:
            raise Refusal(_in_short(str(error), self._names, self.called)) from None

    def types(self, sql: str) -> dict[str, str]:
        """Of the columns that a query gives, by their names."""
        return {row[0]: row[1] for row in self.rows(f"DESCRIBE {sql}", 1_000_000)}

    @contextlib.contextmanager
    def _watched(self, total: int) -> Iterator[None]:
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(done, total), daemon=True)
        watch.start()
        try:
            yield
        finally:
            done.set()
            watch.join()
        self._ctx.raise_if_cancelled()

    def _watch(self, done: threading.Event, total: int) -> None:
        fraction = 0.0
        while not done.wait(self._limits.poll):
            if self._ctx.cancelled or (self._made and os.fstat(self._made).st_size > self._limits.largest_output):
                self._interrupt(done)
                return
            fraction = max(fraction, self._connection.query_progress() / 100)  # it may go back
            if total and fraction > 0:
                self._ctx.progress(0.5 + fraction / 2, f"about {round(fraction * total):,} of {total:,} rows")

    def _interrupt(self, done: threading.Event) -> None:
        for _ in range(2):
            self._connection.interrupt()
            if done.wait(self._limits.interrupt_timeout / 2):
                return
        shutil.rmtree(self._spill, ignore_errors=True)
        self._ctx.give_up()


@contextlib.contextmanager
def spill_folder(ctx: Context) -> Iterator[Path]:
    """What a task may put aside on disk, gone at its end."""
    spill = settings.current().state.absolute() / "spill" / ctx.task.id
    shutil.rmtree(spill, ignore_errors=True)  # of an attempt that was killed
    make_private_folder(spill)
    try:
        yield spill
    finally:
        shutil.rmtree(spill, ignore_errors=True)


@contextlib.contextmanager
def opened(ctx: Context, spill: Path, names: Mapping[str, str]) -> Iterator[Engine]:
    """`names`: the paths it may use, and what they are called for people."""
    import duckdb

    with contextlib.closing(duckdb.connect(":memory:", config=_options(spill))) as connection:
        _lock(connection, names)
        yield Engine(ctx, connection, names, spill, settings.current().data_engine)


def _options(spill: Path) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": MEMORY,
        "threads": THREADS,
        "temp_directory": str(spill),
        "max_temp_directory_size": LARGEST_SPILL,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
    }


def _lock(connection: "DuckDBPyConnection", names: Mapping[str, str]) -> None:
    paths = ", ".join(literal(path) for path in names)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = true")
    connection.execute("SET enable_progress_bar_print = false")
    connection.execute(f"SET allowed_paths = [{paths}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _in_short(message: str, names: Mapping[str, str], called: Mapping[str, str]) -> str:
    """The first lines of what DuckDB says, without its kind of error, its advice, our paths and names."""
    message = re.split(r"\n\s*\n|\nPossible|\nLINE \d|\nThis type was|\nColumn .* is being", message)[0]
    for path, name in names.items():
        message = message.replace(path, name)
    message = re.sub(r'"?\b([a-z]\d+_\d+)[tj]?\b"?', lambda found: called.get(found[1], found[0]), message)
    text = " ".join(re.sub(r"^[A-Za-z ]+ Error: ", "", message).split())
    if text.startswith("Overflow in") or "out of range of" in text:
        text = f"a number becomes too large for its type: {text}"
    return text[:1000]
