"""Tables as DuckDB reads them: from a file that is open already, which is all that it may read."""

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import PurePath
from typing import BinaryIO, NamedTuple

import msgspec

from taskmill.catalogue.data.amounts import Amount, of_bytes, of_lines
from taskmill.catalogue.data.detect import find
from taskmill.catalogue.data.expressions import literal
from taskmill.catalogue.data.parameters import Data, Row, TableFile, TypeName
from taskmill.catalogue.files.safe_files import reading
from taskmill.catalogue.refusal import Refusal

MOST_COLUMNS = 1000
LONGEST_LINE = 2**20
"""Bytes of the first line, and of any other."""
DELIMITERS = b",;|"
ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".json": "json",
    ".parquet": "parquet",
}
SQL_TYPES: dict[TypeName, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
JSON_OPTIONS = f"map_inference_threshold = -1, maximum_object_size = {LONGEST_LINE}"


class TableSource(NamedTuple):
    name: str
    """For people."""
    path: str
    """Of the open file."""
    sql: str
    """What stands after FROM."""
    amount: Amount | None = None
    """None: the engine knows."""


def open_source(data: Data, stack: contextlib.ExitStack) -> TableSource:
    """Raises Refusal for what is no table, or none that can be read."""
    if isinstance(data, TableFile):
        opened = stack.enter_context(reading(data.file))
        form = data.format or format_of(data.file)
        return _source(opened.rooted.name, opened.file, opened.size, form, data.types)
    if isinstance(data, str):
        found = find(data)
        if found.columns is None:
            raise Refusal(f"the data is {found.kind}, no table; give rows, a CSV text, or a file")
        return _inline(data.encode(), found.kind, stack)
    return _inline(b"\n".join(msgspec.json.encode(row) for row in _same_columns(data)), "json_lines", stack)


def format_of(name: str) -> str:
    ending = PurePath(name).suffix.lower()
    if ending not in ENDINGS:
        raise Refusal(f"'{name}' ends in {ending or 'nothing'}; known are {', '.join(ENDINGS)}, or name its format")
    return ENDINGS[ending]


def written(path: str, form: str, columns: Sequence[tuple[str, str]]) -> str:
    """What stands after FROM to read a file that was just made; columns: names and types."""
    if form == "parquet":
        return f"read_parquet({path})"
    named = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in columns)
    if form in ("csv", "tsv"):
        delimiter = "','" if form == "csv" else "'\t'"
        options = f"auto_detect = false, header = true, delim = {delimiter}, quote = '\"', escape = '\"'"
        return f"read_csv({path}, {options}, columns = {{{named}}})"
    kind = "array" if form == "json" else "newline_delimited"
    return f"read_json({path}, format = '{kind}', columns = {{{named}}})"


def path_of(file: BinaryIO) -> str:
    """Of this file and no other, whatever becomes of its name."""
    return f"/dev/fd/{file.fileno()}"


def _same_columns(rows: list[Row]) -> list[Row]:
    """Each with all columns, which the first row may lack."""
    if not rows or not any(rows):
        raise Refusal('the data has no rows; give at least one, such as [{"name": "value"}]')
    columns = dict.fromkeys(name for row in rows for name in row)
    return [dict.fromkeys(columns) | row for row in rows]


def _inline(text: bytes, form: str, stack: contextlib.ExitStack) -> TableSource:
    file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    file.write(text)
    file.flush()
    return _source("the data", file, len(text), form, None)


def _source(name: str, file: BinaryIO, size: int, form: str, types: dict[str, TypeName] | None) -> TableSource:
    if types and form not in ("csv", "tsv"):
        raise Refusal(f"{name}: types are for CSV and TSV; a {form} file says them itself")
    first = b"" if form == "parquet" else _first_line(name, file)
    path = path_of(file)
    return TableSource(name, path, _reader(path, form, first, types or {}, name), _amount(form, file, size))


def _amount(form: str, file: BinaryIO, size: int) -> Amount | None:
    if form == "parquet":
        return None
    return of_bytes(size) if form == "json" else of_lines(file, size)


def _reader(path: str, form: str, first: bytes, types: dict[str, TypeName], name: str) -> str:
    if form == "parquet":
        return f"read_parquet({literal(path)})"
    if form == "json_lines":
        return f"read_json({literal(path)}, format = 'newline_delimited', {JSON_OPTIONS})"
    if form == "json":
        return f"read_json({literal(path)}, format = 'array', {JSON_OPTIONS})"
    delimiter = b"\t" if form == "tsv" else max((DELIMITERS[at : at + 1] for at in range(3)), key=first.count)
    check_width(first.count(delimiter) + 1, name)
    named = ", ".join(f"{literal(column)}: {literal(SQL_TYPES[kind])}" for column, kind in types.items())
    given = f", types = {{{named}}}" if types else ""
    options = f"header = true, quote = '\"', escape = '\"', max_line_size = {LONGEST_LINE}, compression = 'none'"
    return f"read_csv({literal(path)}, delim = {literal(delimiter.decode())}, {options}{given})"


def _first_line(name: str, file: BinaryIO) -> bytes:
    line = file.readline(LONGEST_LINE + 1) if file.seek(0) == 0 else b""
    if len(line) > LONGEST_LINE:
        raise Refusal(f"{name}: its first line has more than {LONGEST_LINE:,} bytes")
    if not line.strip():
        raise Refusal(f"{name}: its first line is empty; a table begins with the names of its columns")
    return line


def check_width(columns: int, name: str) -> None:
    if columns > MOST_COLUMNS:
        raise Refusal(f"{name} has {columns:,} columns; at most {MOST_COLUMNS:,} are taken")


def paths(sources: Sequence[TableSource]) -> dict[str, str]:
    """Names for people by the paths that the engine knows."""
    return {source.path: source.name for source in sources}
