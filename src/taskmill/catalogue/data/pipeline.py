"""From data and steps to a table."""

import contextlib
from collections.abc import Sequence
from typing import Any, BinaryIO

from taskmill.catalogue.data import query, sources, values
from taskmill.catalogue.data.amounts import Amount
from taskmill.catalogue.data.engine import Engine, opened
from taskmill.catalogue.data.expressions import literal
from taskmill.catalogue.data.parameters import Data, Join, Steps
from taskmill.catalogue.data.results import Output, ResultTable
from taskmill.catalogue.data.sources import TableSource, path_of, written
from taskmill.catalogue.files.paths import RootedPath, locate
from taskmill.catalogue.files.safe_files import writing
from taskmill.executors.contract import Context

COPY = {
    "csv": "FORMAT csv, HEADER",
    "tsv": "FORMAT csv, HEADER, DELIMITER '\t'",
    "json_lines": "FORMAT json",
    "json": "FORMAT json, ARRAY true",
    "parquet": "FORMAT parquet",
}


def process(ctx: Context, data: Data, steps: Sequence[Steps], output: str | None, rows: int) -> ResultTable:
    with contextlib.ExitStack() as stack:
        joined = {id(step): sources.open_source(step.table, stack) for step in steps if isinstance(step, Join)}
        first = sources.open_source(data, stack)
        work = _Work(ctx, first, joined, steps, rows)
        return work.to_file(output) if output else work.inline()


class _Work:
    def __init__(
        self, ctx: Context, first: TableSource, joined: dict[int, TableSource], steps: Sequence[Steps], rows: int
    ) -> None:
        self._ctx = ctx
        self._first = first
        self._joined = joined
        self._steps = steps
        self._rows = rows

    def inline(self) -> ResultTable:
        with opened(self._ctx, sources.paths([self._first, *self._joined.values()])) as engine:
            sql, amount = self._query(engine), self._amount(engine)
            columns = engine.columns(sql)
            found = engine.rows(f"SELECT * FROM ({sql}) LIMIT {self._rows + 1}", self._rows + 1, amount)
            table = _table(columns, found, self._rows)
            if not table.more:
                table.row_count = len(found)
            elif not self._steps:
                table.row_count = engine.count(self._first.sql, amount)
            return table

    def to_file(self, output: str) -> ResultTable:
        form, rooted = sources.format_of(output), locate(output)
        with writing(rooted) as made:
            names = sources.paths([self._first, *self._joined.values()]) | {path_of(made): output}
            with opened(self._ctx, names) as engine:
                return self._copy(engine, made, rooted, form)

    def _copy(self, engine: Engine, made: BinaryIO, rooted: RootedPath, form: str) -> ResultTable:
        sql, path = self._query(engine), literal(path_of(made))
        columns = engine.columns(sql)
        copy = f"COPY ({sql}) TO {path} ({COPY[form]}, USE_TMP_FILE false)"
        count = engine.copy(copy, made.fileno(), self._amount(engine))
        size = made.seek(0, 2)
        found = engine.rows(f"SELECT * FROM {written(path, form, columns)} LIMIT {self._rows + 1}", self._rows + 1)
        table = _table(columns, found, self._rows)
        table.row_count, table.output = count, Output(rooted.name, size)
        return table

    def _amount(self, engine: Engine) -> Amount:
        return self._first.amount or Amount(engine.count(self._first.sql), rows=True)

    def _query(self, engine: Engine) -> str:
        return query.build(_relation(engine, self._first), self._steps, lambda step: self._find(engine, step)).sql

    def _find(self, engine: Engine, step: Join) -> query.Relation:
        return _relation(engine, self._joined[id(step)])


def _relation(engine: Engine, source: TableSource) -> query.Relation:
    columns = [name for name, _ in engine.columns(f"SELECT * FROM {source.sql}")]
    sources.check_width(len(columns), source.name)
    return query.Relation(source.sql, columns)


def _table(columns: list[tuple[str, str]], found: list[tuple[Any, ...]], most: int) -> ResultTable:
    names = [name for name, _ in columns]
    rows = [dict(zip(names, map(values.plain, row), strict=True)) for row in found[:most]]
    kept = values.fitting(rows)
    return ResultTable([values.column(*one) for one in columns], kept, more=len(kept) < len(found))
