"""The types of a table that was read as texts: found over the whole of a column, or as named.

A number, a date or a timestamp is taken for one in the forms below alone, which no other text has; everything else
stays text. Numbers are exact: integers, or decimals of up to 38 digits; floating ones only where no digit is lost.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import count
from typing import NamedTuple

from taskmill.catalogue.data.columns import TableColumn
from taskmill.catalogue.data.engine import Engine
from taskmill.catalogue.data.expressions import known, literal
from taskmill.catalogue.data.parameters import TypeName
from taskmill.catalogue.data.plain import BOOLEAN, NUMBER, TEXT, PlainTable
from taskmill.catalogue.refusal import Refusal

SAMPLE = 1000
"""Rows by which it is guessed what the whole of a column is then asked for."""
MOST_DIGITS = 38
FLOAT_DIGITS = 17
"""So many tell one 64-bit number from any other."""

CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?"
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
INTEGER = "-?(0|[1-9][0-9]*)"
EXPONENT = "[eE][+-][0-9]+"
NUMBERS = f"{INTEGER}({EXPONENT})?|-?(0|[1-9][0-9]*)?\\.[0-9]+([eE][+-]?[0-9]+)?"
"""No leading zeros, as codes have them, and no 1e5, as ids may be: an exponent has a sign, or a point before it."""


class Form(NamedTuple):
    pattern: str
    """Of a text that looks like one."""
    sql: str
    """Whether {} is one."""
    example: str = ""


def _matches(pattern: str, valid: str = "") -> str:
    return f"regexp_full_match({{}}, {literal(pattern)})" + (f" AND {valid}" if valid else "")


FOUND = {
    "integer": Form(INTEGER, "CAST(TRY_CAST({} AS BIGINT) AS VARCHAR) = {}"),
    "number": Form(NUMBERS, _matches(NUMBERS)),
    "date": Form(DAY, "length({}) = 10 AND CAST(TRY_CAST({} AS DATE) AS VARCHAR) = {}"),
    "timestamp": Form(f"{DAY}[T ]{CLOCK}", _matches(f"{DAY}[T ]{CLOCK}", "TRY_CAST({} AS TIMESTAMP) IS NOT NULL")),
    "zoned": Form(
        f"{DAY}[T ]{CLOCK}(Z|[+-][0-9]{{2}}:?([0-9]{{2}})?)",
        _matches(
            f"{DAY}[T ]{CLOCK}(Z|[+-][0-9]{{2}}:?([0-9]{{2}})?)",
            "NOT regexp_matches({}, '\\.[0-9]{{7}}') AND TRY_CAST({} AS TIMESTAMPTZ) IS NOT NULL",
        ),
    ),
    "boolean": Form("[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]", "lower({}) IN ('true', 'false')"),
}
"""What may be found without being named."""
TRUE, FALSE = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")
NAMED: dict[TypeName, list[tuple[str, Form]]] = {
    "integer": [("number", Form("", _matches("[+-]?[0-9]+"), "42"))],
    "number": [("number", Form("", _matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?"), "2.5"))],
    "boolean": [("boolean", Form("", f"lower({{}}) IN {TRUE + FALSE}", "true or false, yes or no"))],
    "date": [("date", Form("", FOUND["date"].sql, "2024-01-31"))],
    "timestamp": [
        (kind, Form("", FOUND[kind].sql, "2024-01-31T12:00:00, all with a zone or all without"))
        for kind in ("timestamp", "zoned")
    ],
}
"""What each name allows."""


class _Column(NamedTuple):
    at: int
    name: str
    cell: str
    """SQL of its text."""
    kind: int | None
    """Of JSON."""


def find_types(
    engine: Engine, table: PlainTable, sql: str, named: Mapping[str, TypeName], prefix: str
) -> tuple[str, list[TableColumn]]:
    """What stands after FROM, and its columns. Raises Refusal, with the row, for what is not of the type it is named.

    `sql`: of the table; `prefix`: of the names that columns get in SQL.
    """
    kinds: Sequence[int | None] = table.kinds or [None] * len(table.names)
    columns = [
        _Column(at, name, _cell(at, kind), kind) for at, (name, kind) in enumerate(zip(table.names, kinds, strict=True))
    ]
    for name in named:
        known(name, table.names, f"{table.name}: types: ")
    types = _Types(engine, table, sql)
    forms: dict[int, list[tuple[str, Form]]] = {}
    for column, sample in zip(columns, types.samples(columns), strict=True):
        if type := named.get(column.name):
            forms[column.at] = NAMED.get(type, [])
        else:
            forms[column.at] = _guesses(column, sample)
    found = types.all_of(columns, forms, named)
    for column in columns:
        if column.at not in found and forms[column.at]:
            types.say_what_differs(column, forms[column.at], named.get(column.name))
    selected, made = [], []
    for column in columns:
        one, parts = types.typed(column, found.get(column.at), named.get(column.name), prefix)
        made.append(one)
        selected += parts
    return f"(SELECT {', '.join(selected)} FROM {sql})", made


def _cell(at: int, kind: int | None) -> str:
    if kind is None or not kind & TEXT:
        return f"c{at}"
    return f"c{at}[2:]" if kind == TEXT else f"CASE WHEN starts_with(c{at}, '''') THEN c{at}[2:] ELSE c{at} END"


def _guesses(column: _Column, sample: list[str]) -> list[tuple[str, Form]]:
    """What the column may be, by its first values: what at least half of them are."""
    if column.kind is not None:
        if column.kind == NUMBER:
            return [("integer", FOUND["integer"]), ("number", Form("", "true"))]
        return [("boolean", FOUND["boolean"])] if column.kind == BOOLEAN else []
    if not sample:
        return list(FOUND.items())
    likely = {kind: sum(bool(re.fullmatch(form.pattern, text)) for text in sample) for kind, form in FOUND.items()}
    return [(kind, FOUND[kind]) for kind, matching in likely.items() if 2 * matching >= len(sample)]


class _Digits(NamedTuple):
    """Of a column of numbers, at most."""

    integer: int
    fraction: int
    significant: int
    floating: bool
    """Whether 64-bit floating numbers have each of them."""
    named: bool
    """So that integers are numbers too."""

    @property
    def type(self) -> str | None:
        digits = max(1, self.integer) + self.fraction
        if digits <= MOST_DIGITS:
            if self.fraction or self.named:
                return f"DECIMAL({digits}, {self.fraction})"
            return "BIGINT" if digits < 19 else "HUGEINT"
        return "DOUBLE" if self.floating and self.significant <= FLOAT_DIGITS else None


class _Types:
    def __init__(self, engine: Engine, table: PlainTable, sql: str) -> None:
        self._engine = engine
        self._table = table
        self._sql = sql

    def samples(self, columns: list[_Column]) -> list[list[str]]:
        cells = ", ".join(column.cell for column in columns)
        rows = self._engine.rows(f"SELECT {cells} FROM (SELECT * FROM {self._sql} LIMIT {SAMPLE})", SAMPLE)
        found = zip(*rows, strict=True) if rows else [()] * len(columns)
        return [[text for text in cells if text is not None] for cells in found]

    def all_of(
        self, columns: list[_Column], forms: Mapping[int, list[tuple[str, Form]]], named: Mapping[str, TypeName]
    ) -> dict[int, str]:
        """The engine's type of each column all of whose values are of one of its forms."""
        found: dict[int, str] = {}
        for attempt in count():
            asked = [column for column in columns if column.at not in found and attempt < len(forms[column.at])]
            if not asked and attempt:
                break
            kinds = {column.at: forms[column.at][attempt] for column in asked}
            checks = [f"count(*) FILTER ({_holds(kinds[column.at][1], column.cell)})" for column in asked]
            rows, *counts = self._figures(["count(*)", *(f"count({column.cell})" for column in asked), *checks])
            if rows != self._table.rows:
                raise RuntimeError(f"{self._table.name}: {self._table.rows} rows were read, the engine finds {rows}")
            for column, all, matching in zip(asked, counts, counts[len(asked) :], strict=False):
                if 0 < all == matching:
                    found[column.at] = kinds[column.at][0]
        return self._sql_types(columns, found, named)

    def say_what_differs(self, column: _Column, forms: list[tuple[str, Form]], named: TypeName | None) -> None:
        """Raises Refusal if its type was named, else logs why it is text."""
        differing = [found for _, form in forms if (found := self._first_other(column, form))]
        if len(differing) < len(forms):
            if named and self._figures([f"count({column.cell})"])[0]:
                raise Refusal(
                    f"{self._table.name}: column {column.name!r}: its numbers need more than {MOST_DIGITS} digits; "
                    "name its type text"
                )
            return
        row, value = max(differing)
        where = f"{self._table.where(row)}, column {column.name!r}: {_short(value)}"
        if named:
            raise Refusal(f"{self._table.name}: {where} is no {named} such as {forms[0][1].example}")
        if len(forms) < len(FOUND):
            self._engine.log(f"{self._table.name}: {where} is no {forms[0][0]}, so the column is text")

    def typed(
        self, column: _Column, type: str | None, named: TypeName | None, prefix: str
    ) -> tuple[TableColumn, list[str]]:
        """A column, and what selects it and the texts that go with it."""
        id, cell = f"{prefix}_{column.at}", column.cell
        if type is None:
            if not column.kind or column.kind == TEXT or named:
                return TableColumn(column.name, id, "VARCHAR"), [f"{cell} AS {id}"]
            json = f"CASE WHEN starts_with(c{column.at}, '''') THEN CAST(to_json({cell}) AS VARCHAR) ELSE {cell} END"
            if not column.kind & TEXT:
                json = cell
            return TableColumn(column.name, id, "VARCHAR", json=f"{id}j"), [f"{cell} AS {id}", f"{json} AS {id}j"]
        if type in ("BIGINT_AS_WRITTEN", "DATE"):
            type = type.removesuffix("_AS_WRITTEN")
            return TableColumn(column.name, id, type), [f"CAST({cell} AS {type}) AS {id}"]
        value = f"lower({cell}) IN {TRUE}" if type == "BOOLEAN" else f"CAST({cell} AS {type})"
        if type == "BOOLEAN":
            value = f"CASE WHEN {cell} IS NOT NULL THEN {value} END"
        made = TableColumn(column.name, id, type, f"{id}t", f"{id}t" if column.kind == NUMBER else None)
        return made, [f"{value} AS {id}", f"{cell} AS {id}t"]

    def _sql_types(
        self, columns: list[_Column], found: dict[int, str], named: Mapping[str, TypeName]
    ) -> dict[int, str]:
        digits = self._digits([column for column in columns if found.get(column.at) == "number"], named)
        long = self._figures(
            [
                f"count(*) FILTER (regexp_matches({column.cell}, '\\.[0-9]{{7}}'))"
                for column in columns
                if found.get(column.at) == "timestamp"
            ]
        )
        types: dict[int, str] = {}
        precise = iter(long)
        for at, kind in sorted(found.items()):
            match kind:
                case "number":
                    type = digits[at].type
                case "timestamp":
                    type = "TIMESTAMP_NS" if next(precise) else "TIMESTAMP"
                case _:
                    type = {
                        "integer": "BIGINT_AS_WRITTEN",
                        "date": "DATE",
                        "zoned": "TIMESTAMP WITH TIME ZONE",
                        "boolean": "BOOLEAN",
                    }[kind]
            if type:
                types[at] = type
        return types

    def _digits(self, columns: list[_Column], named: Mapping[str, TypeName]) -> dict[int, _Digits]:
        """Roughly, which is enough for most, and else closely, which takes longer."""
        rough = []
        for column in columns:
            rough += [
                f"max(length(split_part({column.cell}, '.', 1)))",
                f"max(length(split_part({column.cell}, '.', 2)))",
                f"count(*) FILTER (contains(lower({column.cell}), 'e'))",
            ]
        found = self._figures(rough)
        digits: dict[int, _Digits] = {}
        for at, column in enumerate(columns):
            integer, fraction, exponents = found[3 * at : 3 * at + 3]
            is_named = named.get(column.name) == "number"
            if exponents or integer + fraction > MOST_DIGITS or (integer > 18 and not fraction):
                integer, fraction, significant, floating = self._close_digits(column)
                digits[column.at] = _Digits(max(0, integer), max(0, fraction), significant, bool(floating), is_named)
            else:
                digits[column.at] = _Digits(integer, fraction, 0, False, is_named)
        return digits

    def _close_digits(self, column: _Column) -> tuple[int, ...]:
        text = f"lower(ltrim({column.cell}, '+-'))"
        mantissa, power = f"split_part({text}, 'e', 1)", f"split_part({text}, 'e', 2)"
        exponent = f"CASE WHEN {power} = '' THEN 0 ELSE coalesce(TRY_CAST({power} AS INTEGER), 99999) END"
        significant = f"ltrim(replace({mantissa}, '.', ''), '0')"
        value = f"TRY_CAST({column.cell} AS DOUBLE)"
        return self._figures(
            [
                f"max(length(ltrim(split_part({mantissa}, '.', 1), '0')) + {exponent})",
                f"max(length(split_part({mantissa}, '.', 2)) - {exponent})",
                f"max(length({significant}))",
                f"bool_and({column.cell} IS NULL OR isfinite({value}) AND ({value} <> 0 OR {significant} = ''))",
            ]
        )

    def _first_other(self, column: _Column, form: Form) -> tuple[int, str] | None:
        """The first row whose value is not of a form, and the value."""
        numbered = f"SELECT row_number() OVER () - 1 AS n, {column.cell} AS v FROM {self._sql}"
        other = f"v IS NOT NULL AND NOT coalesce({_holds(form, 'v')}, false)"
        found = self._engine.rows(f"SELECT n, v FROM ({numbered}) WHERE {other} ORDER BY n LIMIT 1", 1)
        return found[0] if found else None

    def _figures(self, asked: list[str]) -> tuple[int, ...]:
        return self._engine.rows(f"SELECT {', '.join(asked)} FROM {self._sql}", 1)[0] if asked else ()


def _holds(form: Form, cell: str) -> str:
    return form.sql.replace("{}", f"({cell})")


def _short(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:60] + "…")
