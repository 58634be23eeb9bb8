"""Steps as SQL: one common table expression for each, over the columns that the ones before leave."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from taskmill.catalogue.data.expressions import known, quoted, to_sql
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


class Relation(NamedTuple):
    """What can stand after FROM, and the columns it has."""

    sql: str
    columns: list[str]


Find = Callable[[Join], Relation]
"""The table that a join names."""


def build(first: Relation, steps: Sequence[Steps], find: Find) -> Relation:
    """The whole query. Raises Refusal, which names the step."""
    ctes, now = [f"s0 AS (SELECT * FROM {first.sql})"], Relation("s0", first.columns)
    for number, step in enumerate(steps, 1):
        try:
            sql, columns = _step(step, now, find)
        except Refusal as refused:
            raise type(refused)(f"step {number} ({type(step).__name__.lower()}): {refused}") from None
        ctes.append(f"s{number} AS ({sql})")
        now = Relation(f"s{number}", columns)
    return Relation(f"WITH {', '.join(ctes)} SELECT * FROM {now.sql}", now.columns)


def _step(step: Steps, now: Relation, find: Find) -> tuple[str, list[str]]:
    match step:
        case Filter(where):
            return f"SELECT * FROM {now.sql} WHERE {to_sql(where, now.columns)}", now.columns
        case Derive(column, expression):
            return _derive(column, to_sql(expression, now.columns), now)
        case Select(columns):
            return f"SELECT {_list(columns, now.columns)} FROM {now.sql}", _distinct(columns)
        case Group():
            return _group(step, now)
        case Sort(by):
            order = ", ".join(_order(one.column, one.descending, now.columns) for one in by)
            return f"SELECT * FROM {now.sql} ORDER BY {order}", now.columns
        case Join():
            return _join(step, now, find(step))
        case Limit(rows):
            return f"SELECT * FROM {now.sql} LIMIT {rows}", now.columns


def _derive(column: str, sql: str, now: Relation) -> tuple[str, list[str]]:
    if column in now.columns:
        return f"SELECT * REPLACE ({sql} AS {quoted(column)}) FROM {now.sql}", now.columns
    return f"SELECT *, {sql} AS {quoted(column)} FROM {now.sql}", _distinct([*now.columns, column])


def _group(step: Group, now: Relation) -> tuple[str, list[str]]:
    if not step.by and not step.aggregates:
        raise Refusal("name columns to group by, or aggregates to compute")
    named = [_name(one) for one in step.aggregates]
    figures = [
        f"{_figure(one, now.columns)} AS {quoted(name)}" for one, name in zip(step.aggregates, named, strict=True)
    ]
    keys = [quoted(known(name, now.columns)) for name in step.by]
    grouped = f" GROUP BY {', '.join(keys)}" if keys else ""
    return f"SELECT {', '.join([*keys, *figures])} FROM {now.sql}{grouped}", _distinct([*step.by, *named])


def _name(one: Aggregate) -> str:
    return one.name or (f"{one.function}_{one.column}" if one.column else one.function)


def _figure(one: Aggregate, columns: list[str]) -> str:
    if one.column is None:
        if one.function != "count":
            raise Refusal(f"{one.function} needs a column; only count does without")
        return "count(*)"
    return FUNCTIONS[one.function].format(quoted(known(one.column, columns)))


def _join(step: Join, now: Relation, other: Relation) -> tuple[str, list[str]]:
    for name in step.on:
        known(name, now.columns)
        known(name, other.columns, "in the other table, ")
    added = [name for name in other.columns if name not in step.on]
    shared = sorted({name.lower() for name in added} & {name.lower() for name in now.columns})
    if shared:
        raise Refusal(f"both tables have a column {shared[0]!r}; select the columns you need of the first one before")
    on = ", ".join(quoted(name) for name in _distinct(step.on))
    columns = [*now.columns, *added]
    wanted = ", ".join(quoted(name) for name in columns)
    return f"SELECT {wanted} FROM {now.sql} {step.how.upper()} JOIN {other.sql} USING ({on})", columns


def _order(name: str, descending: bool, columns: list[str]) -> str:
    return f"{quoted(known(name, columns))} {'DESC' if descending else 'ASC'} NULLS LAST"


def _list(names: Sequence[str], columns: list[str]) -> str:
    return ", ".join(quoted(known(name, columns)) for name in names)


def _distinct(names: Sequence[str]) -> list[str]:
    """SQL takes names for the same that differ in case alone."""
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            raise Refusal(f"the columns {seen[name.lower()]!r} and {name!r} would have the same name")
        seen[name.lower()] = name
    return list(names)
