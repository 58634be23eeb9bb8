"""From data and steps to a table."""

import contextlib
import csv
import io
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from taskmill.catalogue.data.columns import WIDE_INTEGERS, TableColumn, row_of_json, text_of
from taskmill.catalogue.data.engine import Engine, opened, spill_folder
from taskmill.catalogue.data.expressions import literal, quoted
from taskmill.catalogue.data.lines import path_of
from taskmill.catalogue.data.parameters import Data, Join, Steps
from taskmill.catalogue.data.query import Query, Relation, build
from taskmill.catalogue.data.results import Column, Output, ResultTable
from taskmill.catalogue.data.rows import fitting, row_of
from taskmill.catalogue.data.sources import Sources, TableSource, format_of
from taskmill.catalogue.files.paths import RootedPath, locate
from taskmill.catalogue.files.safe_files import writing
from taskmill.catalogue.refusal import Refusal
from taskmill.executors.contract import Context

VERBATIM = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01'"
"""Of one column of texts, each a line."""
INT64 = range(-(2**63), 2**63)
LARGEST_DECIMAL = 10**38 - 1


def process(ctx: Context, data: Data, steps: Sequence[Steps], output: str | None, rows: int) -> ResultTable:
    with contextlib.ExitStack() as stack:
        spill = stack.enter_context(spill_folder(ctx))
        sources = Sources(ctx, spill, stack)
        joined = {id(step): sources.open(step.table) for step in steps if isinstance(step, Join)}
        work = _Work(ctx, spill, sources.open(data), joined, steps, rows)
        return work.to_file(output) if output else work.inline()


class _Work:
    def __init__(
        self,
        ctx: Context,
        spill: Path,
        first: TableSource,
        joined: dict[int, TableSource],
        steps: Sequence[Steps],
        rows: int,
    ) -> None:
        self._ctx = ctx
        self._spill = spill
        self._first = first
        self._joined = joined
        self._steps = steps
        self._rows = rows

    def inline(self) -> ResultTable:
        with self._engine({}) as engine:
            built, total = self._query(engine)
            shown = built.select(row_of_json(built.columns))
            found = engine.rows(f"{shown} LIMIT {self._rows + 1}", self._rows + 1, total)
            table = self._table(built.columns, [json for (json,) in found])
            if not table.more:
                table.row_count = len(found)
            elif not self._steps:
                table.row_count = total
            return table

    def to_file(self, output: str) -> ResultTable:
        form, rooted = format_of(output), locate(output)
        with writing(rooted) as made, self._engine({path_of(made): output}) as engine:
            return self._copy(engine, made, rooted, form)

    def _engine(self, more: dict[str, str]) -> contextlib.AbstractContextManager[Engine]:
        sources = [self._first, *self._joined.values()]
        return opened(self._ctx, self._spill, {source.path: source.name for source in sources} | more)

    def _copy(self, engine: Engine, made: BinaryIO, rooted: RootedPath, form: str) -> ResultTable:
        built, total = self._query(engine)
        columns = built.columns
        selected, options = _written(engine, built, form)
        path = literal(path_of(made))
        count = engine.copy(f"COPY ({selected}) TO {path} ({options}, USE_TMP_FILE false)", made.fileno(), total)
        if not count and form in ("csv", "tsv"):
            made.truncate(made.seek(-1, 2))  # the line end after the last row, of which there is none
        table = self._table(columns, self._first_rows(engine, made, columns, form))
        table.row_count, table.output = count, Output(rooted.name, made.seek(0, 2))
        return table

    def _first_rows(self, engine: Engine, made: BinaryIO, columns: list[TableColumn], form: str) -> list[str]:
        """As JSON, from the file that was just written: the query may have been long."""
        most = self._rows + 1
        if form in ("json", "json_lines"):
            made.seek(0)
            lines = (line.decode().rstrip(",\n") for line in made)
            return list(islice((line for line in lines if line not in ("[", "]", "")), most))
        path = literal(path_of(made))
        if form == "parquet":
            plain = [column._replace(id=quoted(column.name), text=None, json=None) for column in columns]
            source = f"read_parquet({path})"
        else:
            plain = [column._replace(id=f"v{at}", text=f"c{at}", json=None) for at, column in enumerate(columns)]
            named = ", ".join(f"c{at}: 'VARCHAR'" for at in range(len(columns)))
            values = ", ".join(f"{_again(column, f'c{at}')} AS v{at}, c{at}" for at, column in enumerate(columns))
            delimiter = "','" if form == "csv" else "'\t'"
            source = (
                f"(SELECT {values} FROM read_csv({path}, auto_detect = false, header = true, delim = {delimiter}, "
                f"quote = '\"', escape = '\"', strict_mode = true, "
                f"allow_quoted_nulls = {len(columns) == 1}, columns = {{{named}}}))"
            )
        found = engine.rows(f"SELECT {row_of_json(plain)} FROM {source} LIMIT {most}", most)
        return [json for (json,) in found]

    def _query(self, engine: Engine) -> tuple[Query, int]:
        """And how many rows it works on."""
        first = self._first.relation(engine, "t0")
        engine.called |= {column.id: column.name for column in first.columns}
        built = build(first, self._steps, lambda step, number: self._find(engine, step, number), engine.types)
        return built, engine.count(first.sql) if self._first.rows is None else self._first.rows

    def _find(self, engine: Engine, step: Join, number: int) -> Relation:
        found = self._joined[id(step)].relation(engine, f"t{number}")
        engine.called |= {column.id: column.name for column in found.columns}
        return found

    def _table(self, columns: list[TableColumn], found: list[str]) -> ResultTable:
        kept = fitting([row_of(json) for json in found[: self._rows]])
        shown = [Column(column.name, column.shown) for column in columns]
        return ResultTable(shown, kept, more=len(kept) < len(found))


def _written(engine: Engine, built: Query, form: str) -> tuple[str, str]:
    """The query whose rows are written, and how."""
    if form == "parquet":
        return _parquet(engine, built), "FORMAT parquet"
    if form in ("json", "json_lines"):
        array = ", PREFIX '[\n', NEW_LINE ',\n', SUFFIX '\n]\n'" if form == "json" else ""
        return built.select(row_of_json(built.columns)), VERBATIM + array
    delimiter = "," if form == "csv" else "\t"
    header = io.StringIO()
    names = csv.writer(header, delimiter=delimiter, lineterminator="\n")
    names.writerow([column.name for column in built.columns])
    texts = [text_of(column) for column in built.columns]
    if len(texts) == 1:  # an empty line would be no row
        texts = [f"coalesce({texts[0]}, '')"]
    selected = built.select(", ".join(f"{text} AS w{at}" for at, text in enumerate(texts)))
    return (
        selected,
        f"FORMAT csv, HEADER false, DELIMITER '{delimiter}', PREFIX {literal(header.getvalue())}, SUFFIX '\n'",
    )


def _parquet(engine: Engine, built: Query) -> str:
    """Of integers beyond 64 bits, Parquet has only decimals: those that need them become such."""
    seen: dict[str, str] = {}
    for column in built.columns:
        if not column.name or (other := seen.get(column.name.lower())):
            what = f"both {other!r} and {column.name!r}" if column.name else "a column without a name"
            raise Refusal(f"a Parquet file can't have {what}; select or derive others")
        seen[column.name.lower()] = column.name
    if any(column.type in WIDE_INTEGERS for column in built.columns):
        ids = ", ".join(column.id for column in built.columns)
        engine.rows(f"CREATE TEMP TABLE result AS {built.select(ids)}", 1)
        built = Query("", Relation("result", built.columns))
    values = (f"{_parquet_value(engine, column)} AS {quoted(column.name)}" for column in built.columns)
    return built.select(", ".join(values))


def _parquet_value(engine: Engine, column: TableColumn) -> str:
    if column.type not in WIDE_INTEGERS:
        return column.id
    least, most = engine.rows(f"SELECT min({column.id}), max({column.id}) FROM result", 1)[0]
    if least is None or (least in INT64 and most in INT64):
        return f"CAST({column.id} AS BIGINT)"
    if max(-least, most) > LARGEST_DECIMAL:
        raise Refusal(f"column {column.name!r}: an integer has more than 38 digits, and Parquet has no place for it")
    return f"CAST({column.id} AS DECIMAL(38, 0))"


def _again(column: TableColumn, text: str) -> str:
    """The value of a text that was written of it; what is no number or condition stays text."""
    return f"CAST({text} AS {column.type})" if column.kind in ("integer", "number", "boolean") else text
