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
from taskmill.catalogue.data.amounts import Amount
from taskmill.catalogue.data.expressions import literal
from taskmill.catalogue.data.sources import LONGEST_LINE
from taskmill.catalogue.refusal import Refusal, need
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

    def copy(self, sql: str, made: int, amount: Amount) -> int:
        """Have a statement write the file of this descriptor; returns how many rows."""
        self._made = made
        count: int = self.rows(sql, 1, amount)[0][0]
        self._ctx.progress(1.0, f"{count:,} rows written")
        return count

    def count(self, table: str, amount: Amount | None = None) -> int:
        """Rows of what stands after FROM."""
        count: int = self.rows(f"SELECT count(*) FROM {table}", 1, amount)[0][0]
        return count

    def rows(self, sql: str, limit: int, amount: Amount | None = None) -> list[tuple[Any, ...]]:
        """The first rows that a statement gives. Raises Refusal for what is wrong with the data.

        `amount`: of what it works on, to tell progress; None tells nothing.
        """
        import duckdb

        try:
            with self._watched(amount):
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
            raise Refusal(_in_short(str(error), self._names)) from None

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Name and type of each column."""
        return [(row[0], row[1]) for row in self.rows(f"DESCRIBE {sql}", 1_000_000)]

    @contextlib.contextmanager
    def _watched(self, amount: Amount | None) -> Iterator[None]:
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(done, amount), daemon=True)
        watch.start()
        try:
            yield
        finally:
            done.set()
            watch.join()
        self._ctx.raise_if_cancelled()

    def _watch(self, done: threading.Event, amount: Amount | None) -> None:
        while not done.wait(self._limits.poll):
            if self._ctx.cancelled or (self._made and os.fstat(self._made).st_size > self._limits.largest_output):
                self._interrupt(done)
                return
            fraction = self._connection.query_progress() / 100
            if amount and fraction > 0:
                self._ctx.progress(fraction, amount.described(fraction))

    def _interrupt(self, done: threading.Event) -> None:
        for _ in range(2):
            self._connection.interrupt()
            if done.wait(self._limits.interrupt_timeout / 2):
                return
        shutil.rmtree(self._spill, ignore_errors=True)
        self._ctx.give_up()


@contextlib.contextmanager
def opened(ctx: Context, names: Mapping[str, str]) -> Iterator[Engine]:
    """`names`: the paths it may use, and what they are called for people."""
    need("duckdb", "data")
    import duckdb

    spill = settings.current().state.absolute() / "spill" / ctx.task.id
    shutil.rmtree(spill, ignore_errors=True)  # of an attempt that was killed
    spill.mkdir(parents=True)
    try:
        with contextlib.closing(duckdb.connect(":memory:", config=_options(spill))) as connection:
            _lock(connection, names)
            yield Engine(ctx, connection, names, spill, settings.current().data_engine)
    finally:
        shutil.rmtree(spill, ignore_errors=True)


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
    connection.execute("SET enable_progress_bar = true")
    connection.execute("SET enable_progress_bar_print = false")
    connection.execute(f"SET allowed_paths = [{paths}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _in_short(message: str, names: Mapping[str, str]) -> str:
    """The first lines of what DuckDB says, without its kind of error, its advice and our paths."""
    message = re.split(r"\n\s*\n|\nPossible|\nLINE \d|\nThis type was|\nColumn .* is being", message)[0]
    for path, name in names.items():
        message = message.replace(path, name)
    if sniffed := re.search(r'sniffing file "(.*)"', message):
        wanted = f"each line needs as many fields as the first one, and at most {LONGEST_LINE:,} bytes"
        return f"'{sniffed[1]}' can't be read as a table: {wanted}"
    text = " ".join(re.sub(r"^[A-Za-z ]+ Error: ", "", message).split())
    if "CSV Error" in text and "convert" in text:
        text += '; name the type of that column with `types`, such as {"column": "text"}'
    return text[:1000]
