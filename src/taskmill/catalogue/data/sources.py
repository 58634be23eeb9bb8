"""The tables that a task works on: opened, checked, and laid out as the engine reads them."""

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any, BinaryIO, NamedTuple

from taskmill.catalogue.data import objects
from taskmill.catalogue.data.columns import TableColumn
from taskmill.catalogue.data.detect import find
from taskmill.catalogue.data.engine import Engine
from taskmill.catalogue.data.expressions import literal, quoted
from taskmill.catalogue.data.lines import path_of
from taskmill.catalogue.data.parameters import Data, Row, TableFile
from taskmill.catalogue.data.plain import PlainTable, Reading, check_width, of_objects, of_separated
from taskmill.catalogue.data.query import Relation
from taskmill.catalogue.data.separated import SeparatedFile
from taskmill.catalogue.data.types import MOST_DIGITS, find_types
from taskmill.catalogue.files.safe_files import reading
from taskmill.catalogue.refusal import Refusal
from taskmill.executors.contract import Context

ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".json": "json",
    ".parquet": "parquet",
}


class TableSource(NamedTuple):
    name: str
    """For people."""
    path: str
    """Of the open file that the engine reads."""
    relation: Callable[[Engine, str], Relation]
    """From the engine, and what the names of its columns begin with."""
    rows: int | None = None
    """None: the engine counts them."""


class Sources:
    """Opens tables until the end of a task."""

    def __init__(self, ctx: Context, spill: Path, stack: contextlib.ExitStack) -> None:
        self._ctx = ctx
        self._spill = spill
        self._stack = stack

    def open(self, data: Data) -> TableSource:
        """Raises Refusal for what is no table, or none that can be read."""
        if isinstance(data, TableFile):
            opened = self._stack.enter_context(reading(data.file))
            form = data.format or format_of(data.file)
            return self._read(opened.rooted.name, opened.file, opened.size, form, data)
        if isinstance(data, str):
            found = find(data)
            if found.columns is None and (found.kind != "text" or _columns(data) < 2):
                raise Refusal(f"the data is {found.kind}, no table; give rows, a CSV text, or a file")
            form = "csv" if found.kind == "text" else found.kind
            return self._read("the data", self._file(data.encode()), found.bytes, form, TableFile("the data"))
        return self._plain(of_objects("the data", iter(_rows(data)), "row", self._file()), TableFile("the data"))

    def _read(self, name: str, file: BinaryIO, size: int, form: str, how: TableFile) -> TableSource:
        if form == "parquet":
            if how.types or how.delimiter or how.encoding or how.nulls:
                raise Refusal(f"{name}: types, delimiter, encoding and nulls are for text; a parquet file says them")
            path = path_of(file)
            return TableSource(name, path, lambda engine, prefix: _parquet(engine, name, path, prefix))
        progress = Reading(self._ctx, name, file, size)
        if form in ("csv", "tsv"):
            delimiter = how.delimiter or ("\t" if form == "tsv" else None)
            separated = SeparatedFile(name, file, delimiter, how.encoding)
            if separated.unnamed:
                called = ", ".join(separated.unnamed)
                self._ctx.log(f"{name}: the header leaves columns without a name; they are called {called}")
            return self._plain(of_separated(separated, progress, self._file()), how)
        if how.delimiter or how.encoding or how.nulls:
            raise Refusal(f"{name}: delimiter, encoding and nulls are for CSV and TSV; JSON is UTF-8, and says null")
        found: Iterator[dict[str, Any]]
        if form == "json":
            found, row = objects.from_array(name, file, progress.begin()), "row"
        else:
            found, row = objects.from_lines(name, file, progress.begin()), "line"
        return self._plain(of_objects(name, found, row, self._file(), progress), how)

    def _plain(self, table: PlainTable, how: TableFile) -> TableSource:
        def relation(engine: Engine, prefix: str) -> Relation:
            return Relation(*find_types(engine, table, table.sql(how.nulls or ()), how.types or {}, prefix))

        return TableSource(table.name, table.path, relation, table.rows)

    def _file(self, content: bytes = b"") -> BinaryIO:
        file = self._stack.enter_context(tempfile.TemporaryFile(dir=self._spill))  # noqa: SIM115
        file.write(content)
        file.flush()
        return file


def format_of(name: str) -> str:
    ending = PurePath(name).suffix.lower()
    if ending not in ENDINGS:
        raise Refusal(f"'{name}' ends in {ending or 'nothing'}; known are {', '.join(ENDINGS)}, or name its format")
    return ENDINGS[ending]


def _columns(text: str) -> int:
    """What a text would have as CSV, whatever is wrong with it."""
    try:
        return len(SeparatedFile("the data", io.BytesIO(text.encode()), None, None).names)
    except Refusal:
        return 0


def _rows(rows: list[Row]) -> list[Row]:
    if not any(rows):
        raise Refusal('the data has no rows; give at least one, such as [{"name": "value"}]')
    return rows


def _parquet(engine: Engine, name: str, path: str, prefix: str) -> Relation:
    schema = engine.rows(f"SELECT name, precision FROM parquet_schema({literal(path)})", 1_000_000)
    for column, precision in schema:
        if precision and precision > MOST_DIGITS:
            raise Refusal(f"{name}: column {column!r} has decimals of {precision} digits, over {MOST_DIGITS}")
    types = engine.types(f"SELECT * FROM read_parquet({literal(path)})")
    check_width(len(types), name)
    columns = [TableColumn(called, f"{prefix}_{at}", type) for at, (called, type) in enumerate(types.items())]
    selected = ", ".join(f"{quoted(column.name)} AS {column.id}" for column in columns)
    return Relation(f"(SELECT {selected} FROM read_parquet({literal(path)}))", columns)
