"""Steps as SQL: one common table expression for each, over the columns that the ones before leave."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from taskmill.catalogue.data.columns import FLOATS, TableColumn, text_of
from taskmill.catalogue.data.expressions import SqlExpression, known, to_sql
from taskmill.catalogue.data.functions import comparable
from taskmill.catalogue.data.parameters import (
    Aggregate,
    Derive,
    Filter,
    Group,
    Join,
    Limit,
    Select,
    Sort,
    Steps,
)
from taskmill.catalogue.refusal import Refusal

FUNCTIONS = {
    "count": "count({})",
    "count_distinct": "count(DISTINCT {})",
    "sum": "sum({})",
    "avg": "avg({})",
    "min": "min({})",
    "max": "max({})",
    "median": "median({})",
    "stddev": "stddev_samp({})",
}
OF_NUMBERS = {"sum", "avg", "median", "stddev"}


class Relation(NamedTuple):
    """What can stand after FROM, and the columns it has."""

    sql: str
    columns: list[TableColumn]

    def column(self, name: str, where: str = "") -> TableColumn:
        """Raises Refusal if there is none."""
        known(name, [column.name for column in self.columns], where)
        return next(column for column in self.columns if column.name == name)


class Query(NamedTuple):
    ctes: str
    last: Relation

    @property
    def columns(self) -> list[TableColumn]:
        return self.last.columns

    def select(self, what: str) -> str:
        return f"{self.ctes} SELECT {what} FROM {self.last.sql}"


Find = Callable[[Join, int], Relation]
"""The table that a join names; the number of its step."""
Types = Callable[[str], dict[str, str]]
"""Of the columns of a query, by their names."""


def build(first: Relation, steps: Sequence[Steps], find: Find, types: Types) -> Query:
    """Raises Refusal, which names the step."""
    query = Query(f"WITH s0 AS (SELECT * FROM {first.sql})", Relation("s0", first.columns))
    for number, step in enumerate(steps, 1):
        try:
            sql, columns = _step(step, number, query.last, find)
            query = Query(f"{query.ctes}, s{number} AS ({sql})", Relation(f"s{number}", columns))
            if isinstance(step, Derive | Group | Join):
                found = types(query.select("*"))
                typed = [column._replace(type=found[column.id]) for column in columns]
                query = query._replace(last=Relation(query.last.sql, typed))
        except Refusal as refused:
            raise type(refused)(f"step {number} ({type(step).__name__.lower()}): {refused}") from None
    return query


def _step(step: Steps, number: int, now: Relation, find: Find) -> tuple[str, list[TableColumn]]:
    match step:
        case Filter(where):
            condition = to_sql(where, now.columns)
            if condition.kind not in ("boolean", "null"):
                raise Refusal(f"the expression {where!r} is {condition.article}; a condition is true or false")
            return f"SELECT * FROM {now.sql} WHERE {condition.sql}", now.columns
        case Derive(column, expression):
            return _derive(column, to_sql(expression, now.columns), number, now)
        case Select(names):
            columns = [now.column(name) for name in _distinct(names)]
            return f"SELECT {_ids(columns)} FROM {now.sql}", columns
        case Group():
            return _group(step, number, now)
        case Sort(by):
            order = ", ".join(
                f"{now.column(one.column).id} {'DESC' if one.descending else 'ASC'} NULLS LAST" for one in by
            )
            return f"SELECT {_ids(now.columns)} FROM ({_numbered(now)}) ORDER BY {order}, row_number", now.columns
        case Join():
            return _join(step, number, now, find(step, number))
        case Limit(rows):
            return f"SELECT * FROM {now.sql} LIMIT {rows}", now.columns


def _numbered(now: Relation) -> str:
    """Rows that are equal in what sorts or groups them stay in the order in which they came."""
    return f"SELECT *, row_number() OVER () AS row_number FROM {now.sql}"


def _derive(name: str, value: SqlExpression, number: int, now: Relation) -> tuple[str, list[TableColumn]]:
    made = TableColumn(name, f"d{number}_0", "")
    columns = [made if column.name == name else column for column in now.columns]
    if made not in columns:
        columns.append(made)
    return f"SELECT *, {value.sql} AS {made.id} FROM {now.sql}", columns


def _group(step: Group, number: int, now: Relation) -> tuple[str, list[TableColumn]]:
    if not step.by and not step.aggregates:
        raise Refusal("name columns to group by, or aggregates to compute")
    keys = [now.column(name) for name in step.by]
    names = _distinct([*step.by, *(_name(one) for one in step.aggregates)])
    made, selected, grouped = [], [], []
    for key in keys:
        made.append(key)
        grouped.append(key.id)
        if key.type == "VARCHAR" and key.json:
            grouped.append(key.json)  # the number 1 is not the text '1'
        selected += [id if id in grouped else f"min({id}) AS {id}" for id in key.ids]
    for at, (one, name) in enumerate(zip(step.aggregates, names[len(keys) :], strict=True)):
        made.append(TableColumn(name, f"g{number}_{at}", ""))
        selected.append(f"{_figure(one, now)} AS {made[-1].id}")
    if not grouped:
        return f"SELECT {', '.join(selected)} FROM {now.sql}", made
    by = f"GROUP BY {', '.join(grouped)} ORDER BY min(row_number)"
    return f"SELECT {', '.join(selected)} FROM ({_numbered(now)}) {by}", made


def _name(one: Aggregate) -> str:
    return one.name or (f"{one.function}_{one.column}" if one.column else one.function)


def _figure(one: Aggregate, now: Relation) -> str:
    if one.column is None:
        if one.function != "count":
            raise Refusal(f"{one.function} needs a column; only count does without")
        return "count(*)"
    column = now.column(one.column)
    if one.function in OF_NUMBERS and column.kind not in ("integer", "number"):
        raise Refusal(
            f"{one.function} needs numbers, and the column {one.column!r} is {column.shown}; name its type, or derive "
            f"one by number({one.column})"
        )
    if one.function == "sum" and column.type in FLOATS:
        return f"fsum({column.id})"
    return FUNCTIONS[one.function].format(column.id)


def _join(step: Join, number: int, now: Relation, other: Relation) -> tuple[str, list[TableColumn]]:
    pairs = [(now.column(name), other.column(name, "in the other table, ")) for name in _distinct(step.on)]
    for mine, its in pairs:
        if not comparable(mine.kind, its.kind):
            raise Refusal(
                f"the column {mine.name!r} is {mine.shown} here and {its.shown} in the other table; name its type, or "
                "derive one that is alike"
            )
    added = [column for column in other.columns if column.name not in step.on]
    if shared := sorted({column.name for column in added} & {column.name for column in now.columns}):
        raise Refusal(f"both tables have a column {shared[0]!r}; select the columns you need of the first one before")
    columns, selected = [*now.columns, *added], [id for column in [*now.columns, *added] for id in column.ids]
    if step.how == "full":
        for at, (mine, its) in enumerate(pairs):
            key = TableColumn(mine.name, f"j{number}_{at}", "")
            selected.append(f"coalesce({mine.id}, {its.id}) AS {key.id}")
            if mine.text or its.text:
                key = key._replace(text=f"{key.id}t")
                selected.append(f"coalesce({text_of(mine)}, {text_of(its)}) AS {key.text}")
            columns[columns.index(mine)] = key
    on = " AND ".join(f"{mine.id} = {its.id}" for mine, its in pairs)
    return f"SELECT {', '.join(selected)} FROM {now.sql} {step.how.upper()} JOIN {other.sql} ON {on}", columns


def _ids(columns: Sequence[TableColumn]) -> str:
    return ", ".join(id for column in columns for id in column.ids)


def _distinct(names: Sequence[str]) -> list[str]:
    for at, name in enumerate(names):
        if name in names[:at]:
            raise Refusal(f"two columns would have the same name, {name!r}")
    return list(names)
