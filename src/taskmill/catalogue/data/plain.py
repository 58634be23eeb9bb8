"""A foreign table, written anew in the one plain form that the engine reads: fields are texts, and empty ones are null.

A cell of JSON is a text after an apostrophe, or JSON as it was written.
"""

import csv
import io
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from taskmill.catalogue import settings
from taskmill.catalogue.data import objects
from taskmill.catalogue.data.expressions import literal
from taskmill.catalogue.data.lines import LONGEST_LINE, BoundedFile, path_of
from taskmill.catalogue.data.separated import AT_ONCE, SeparatedFile
from taskmill.catalogue.refusal import Refusal
from taskmill.executors.contract import Context

MOST_COLUMNS = 1000
TEXT, NUMBER, BOOLEAN, NESTED = 1, 2, 4, 8
"""What a column of JSON holds, together."""


class PlainTable(NamedTuple):
    name: str
    """For people."""
    path: str
    names: list[str]
    rows: int
    where: Callable[[int], str]
    """A row, for people; 0 is the first one."""
    kinds: list[int] | None = None
    """Of JSON: for each column."""
    ragged: bool = False
    """Whether rows may lack columns at their end."""
    parallel: bool = True
    """Whether no field has a line end, at which the engine might begin in the middle of a row."""
    own: tuple[str, int] | None = None
    """Of a file that was plain already: its delimiter, and the lines before its first row."""

    def sql(self, nulls: Iterable[str] = ()) -> str:
        """What stands after FROM; its columns are c0, c1, …"""
        columns = ", ".join(f"c{at}: 'VARCHAR'" for at in range(len(self.names)))
        empty = ", ".join(literal(text) for text in ("", *nulls))
        delimiter, skipped = self.own or (",", 0)
        more = "" if self.own else ", new_line = '\\n'"
        if self.ragged:
            more += ", null_padding = true"
        if not self.parallel:
            more += ", parallel = false"
        return (
            f"read_csv({literal(self.path)}, auto_detect = false, header = false, skip = {skipped}, "
            f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', strict_mode = true, compression = 'none', "
            f"nullstr = [{empty}], max_line_size = {4 * LONGEST_LINE}, columns = {{{columns}}}{more})"
        )


class Reading:
    """Tells how far the reading of a file is, and ends it when somebody cancels the task."""

    def __init__(self, ctx: Context, name: str, file: BinaryIO, size: int) -> None:
        self.name = name
        self.file = file
        self._ctx = ctx
        self._size = size
        self._bounded = BoundedFile(name, file)
        self._every = settings.current().data_engine.poll
        self._last = time.monotonic()

    def begin(self) -> BoundedFile:
        self._bounded = BoundedFile(self.name, self.file)
        return self._bounded

    def tell(self, rows: int) -> None:
        self._ctx.raise_if_cancelled()
        if (now := time.monotonic()) - self._last > self._every:
            self._last = now
            self._ctx.progress(min(0.5, self._bounded.read_bytes / self._size / 2), f"{rows:,} rows read")


def of_separated(source: SeparatedFile, reading: Reading, made: BinaryIO) -> PlainTable:
    check_width(len(source.names), source.name)
    where: Callable[[int], str] = lambda row: f"line {source.line(row):,}"  # noqa: E731
    if (plain := source.plain_rows(reading.begin(), reading.tell)) is not None:
        own = (source.delimiter, 1 + source.skipped)
        return PlainTable(source.name, path_of(reading.file), source.names, plain, where, own=own)
    rows, writer = 0, _Writer(made)
    for batch in source.batches(reading.begin()):
        if long := writer.write(batch):
            raise Refusal(f"{source.name}: line {source.line(rows + long - 1):,}: {_TOO_LONG}")
        rows += len(batch)
        reading.tell(rows)
    made.flush()
    return PlainTable(source.name, path_of(made), source.names, rows, where, parallel=not writer.line_ends)


def of_objects(
    name: str, found: Iterator[dict[str, Any]], row: str, made: BinaryIO, reading: Reading | None = None
) -> PlainTable:
    """`row`: what each is called for people."""
    at: dict[str, int] = {}
    kinds: list[int] = []
    rows, first, writer = 0, 0, _Writer(made)
    while batch := [_cells(one, at, kinds) for one in islice(found, AT_ONCE)]:
        first = first or len(batch[0])
        check_width(len(at), name)
        try:
            long = writer.write(batch)
        except UnicodeEncodeError:
            raise Refusal(f"{name}: {_half(batch, rows, row, list(at))}") from None
        if long:
            raise Refusal(f"{name}: {row} {rows + long:,}: {_TOO_LONG}")
        rows += len(batch)
        if reading:
            reading.tell(rows)
    made.flush()
    if not at:
        raise Refusal(f'{name} has no rows; give at least one, such as {{"name": "value"}}')
    return PlainTable(
        name,
        path_of(made),
        list(at),
        rows,
        lambda number: f"{row} {number + 1:,}",
        kinds,
        ragged=first != len(at),
        parallel=not writer.line_ends and first == len(at),
    )


def check_width(columns: int, name: str) -> None:
    if columns > MOST_COLUMNS:
        raise Refusal(f"{name} has {columns:,} columns; at most {MOST_COLUMNS:,} are taken")


_TOO_LONG = f"it has more than {LONGEST_LINE:,} bytes"


class _Writer:
    def __init__(self, made: BinaryIO) -> None:
        self._made = made
        self.line_ends = False
        """Whether any is within a row."""
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._quoting = csv.writer(self._text, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def write(self, rows: list[list[str]] | list[list[str | None]]) -> int:
        """The number of the first row, counted from 1, that is too long; 0 if there is none."""
        content = self._encoded(rows)
        if len(content) > LONGEST_LINE and len(rows) > 1:
            for number, row in enumerate(rows, 1):
                if len(self._encoded([row])) > 2 * LONGEST_LINE:
                    return number
        elif len(content) > 2 * LONGEST_LINE:
            return 1
        self.line_ends = self.line_ends or content.count(b"\n") != len(rows)
        self._made.write(content)
        return 0

    def _encoded(self, rows: Any) -> bytes:
        content = self._written(self._writer, rows)
        if "\r" in content:  # which Python before 3.13 leaves without quotes
            content = self._written(self._quoting, rows)
        return content.encode()

    def _written(self, writer: Any, rows: Any) -> str:
        self._text.seek(0)
        self._text.truncate()
        writer.writerows(rows)
        return self._text.getvalue()


def _cells(row: dict[str, Any], at: dict[str, int], kinds: list[int]) -> list[str | None]:
    cells: list[str | None] = [None] * (len(at) or 1)
    for name, value in row.items():
        if value is None and name in at:
            continue
        place = at.setdefault(name, len(at))
        if place == len(kinds):
            kinds.append(0)
        if place == len(cells):
            cells.append(None)
        kind = type(value)
        if kind is objects.NumberText:
            cells[place] = value
            kinds[place] |= NUMBER
        elif kind is str:
            cells[place] = "'" + value
            kinds[place] |= TEXT
        elif kind is bool:
            cells[place] = "true" if value else "false"
            kinds[place] |= BOOLEAN
        elif kind is dict or kind is list:
            cells[place] = objects.nested(value)
            kinds[place] |= NESTED
        elif value is not None:
            cells[place] = repr(value)
            kinds[place] |= NUMBER
    return cells


def _half(batch: list[list[str | None]], rows: int, row: str, names: list[str]) -> str:
    for number, cells in enumerate(batch, rows + 1):
        for name, cell in zip(names, cells, strict=False):
            try:
                (cell or "").encode()
            except UnicodeEncodeError:
                return f"{row} {number:,}, {name!r}: half of a character (a lone surrogate) is no text"
    return "half of a character (a lone surrogate) is no text"
