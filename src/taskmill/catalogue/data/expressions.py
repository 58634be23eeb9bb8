"""Expressions over the columns of a table: parsed here, and written anew as SQL.

Nothing of what was given gets into a statement but names of columns that are there, numbers, and quoted texts. There
are no statements, no subqueries, and no functions but those below, none of which reads a file or lets a text grow.
"""

import math
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import NamedTuple, NoReturn

from taskmill.catalogue.data.tokens import SqlToken, tokens
from taskmill.catalogue.refusal import Refusal

MAX_NESTING = 30
MOST_JOINED = 10
LONGEST_TEXT = 10_000
"""Characters of a text that is put together."""


class SqlFunction(NamedTuple):
    least: int
    most: int
    sql: str = ""
    """With {} for the arguments; empty: a call of the same name."""


FUNCTIONS = {
    "abs": SqlFunction(1, 1),
    "round": SqlFunction(1, 2),
    "floor": SqlFunction(1, 1),
    "ceil": SqlFunction(1, 1),
    "sqrt": SqlFunction(1, 1),
    "ln": SqlFunction(1, 1),
    "lower": SqlFunction(1, 1),
    "upper": SqlFunction(1, 1),
    "trim": SqlFunction(1, 1),
    "length": SqlFunction(1, 1),
    "contains": SqlFunction(2, 2),
    "starts_with": SqlFunction(2, 2),
    "ends_with": SqlFunction(2, 2),
    "coalesce": SqlFunction(1, 20),
    "least": SqlFunction(1, 20),
    "greatest": SqlFunction(1, 20),
    "if": SqlFunction(3, 3, "CASE WHEN {} THEN {} ELSE {} END"),
    "year": SqlFunction(1, 1),
    "month": SqlFunction(1, 1),
    "day": SqlFunction(1, 1),
    "text": SqlFunction(1, 1, "CAST({} AS VARCHAR)"),
    "number": SqlFunction(1, 1, "TRY_CAST({} AS DOUBLE)"),
    "date": SqlFunction(1, 1, "TRY_CAST({} AS DATE)"),
}

COMPARISONS = {"=": "=", "==": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def to_sql(expression: str, columns: Collection[str]) -> str:
    """SQL of an expression. Raises Refusal, with the place in it."""
    try:
        return _Parser(tokens(expression), columns).whole()
    except Refusal as refused:
        raise type(refused)(f"in the expression {expression!r}, {refused}") from None


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class _Parser:
    def __init__(self, found: list[SqlToken], columns: Collection[str]) -> None:
        self.tokens = found
        self.columns = columns
        self.at = 0
        self.nesting = 0
        self.joined = 0
        """How often texts were joined so far."""

    def whole(self) -> str:
        sql = self.either()
        if self.token.kind != "end":
            self.refuse(f"{self.token.value!r} is not expected; an operator may be missing before it")
        return sql

    @property
    def token(self) -> SqlToken:
        return self.tokens[self.at]

    def take(self, *values: str) -> str | None:
        """The next piece, if it is one of these."""
        token = self.token
        if token.kind in ("symbol", "word") and token.value in values:
            self.at += 1
            return token.value
        return None

    def expect(self, value: str) -> None:
        if not self.take(value):
            self.refuse(f"{value} is missing" + (f" before {self.token.value!r}" if self.token.value else ""))

    def refuse(self, why: str) -> NoReturn:
        raise Refusal(f"column {self.token.column}: {why}")

    def either(self) -> str:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.refuse(f"nested deeper than {MAX_NESTING} levels; derive a column for a part of it")
        sql = self.chain(self.both, "or")
        self.nesting -= 1
        return sql

    def both(self) -> str:
        return self.chain(self.negation, "and")

    def chain(self, operand: Callable[[], str], *operators: str) -> str:
        sql = operand()
        while operator := self.take(*operators):
            sql = f"({sql} {operator} {operand()})"
        return sql

    def negation(self) -> str:
        count = 0
        while self.take("not"):
            count += 1
        sql = self.comparison()
        return f"(NOT {sql})" if count % 2 else sql

    def comparison(self) -> str:
        left = self.sum()
        if operator := self.take(*COMPARISONS):
            return f"({left} {COMPARISONS[operator]} {self.sum()})"
        if self.take("is"):
            denied = " NOT" if self.take("not") else ""
            self.expect("null")
            return f"({left} IS{denied} NULL)"
        denied = "NOT " if self.take("not") else ""
        if self.take("in"):
            return f"({left} {denied}IN {self.values()})"
        if self.take("between"):
            low = self.sum()
            self.expect("and")
            return f"({left} {denied}BETWEEN {low} AND {self.sum()})"
        if self.take("like"):
            return f"({left} {denied}LIKE {self.sum()})"
        if denied:
            self.refuse("after not there may be in, between or like")
        return left

    def sum(self) -> str:
        before = self.joined
        texts = [self.numbers()]
        while self.take("||"):
            texts.append(self.numbers())
        if len(texts) == 1:
            return texts[0]
        if len(texts) > MOST_JOINED or self.joined > before:
            self.refuse(f"at most {MOST_JOINED} texts can be joined with ||, and none of them joined itself")
        return self.joining(texts)

    def joining(self, texts: list[str]) -> str:
        """Checked before it is done: in each of many rows, a text could double again and again."""
        self.joined += 1
        length = " + ".join(f"coalesce(length(CAST({text} AS VARCHAR)), 0)" for text in texts)
        refused = f"error('a text joined with || has more than {LONGEST_TEXT} characters')"
        return f"CASE WHEN {length} > {LONGEST_TEXT} THEN {refused} ELSE ({' || '.join(texts)}) END"

    def numbers(self) -> str:
        return self.chain(lambda: self.chain(self.signed, "*", "/", "%"), "+", "-")

    def signed(self) -> str:
        sign = ""
        while operator := self.take("+", "-"):
            sign = {"-": "", "": "-"}[sign] if operator == "-" else sign
        return f"({sign}{self.operand()})" if sign else self.operand()

    def operand(self) -> str:
        token = self.token
        self.at += 1
        if token.kind == "number":
            return self.number(token)
        if token.kind == "text":
            return literal(token.value)
        if token.kind == "name":
            return self.call(token) if self.take("(") else self.column(token)
        if token.value in ("null", "true", "false"):
            return token.value.upper()
        if token.value == "(":
            sql = self.either()
            self.expect(")")
            return f"({sql})"
        raise Refusal(f"column {token.column}: {_no_value(token)}")

    def number(self, token: SqlToken) -> str:
        if not math.isfinite(float(token.value)):
            raise Refusal(f"column {token.column}: {token.value} is too large a number")
        return token.value

    def column(self, token: SqlToken) -> str:
        return quoted(known(token.value, self.columns, f"column {token.column}: "))

    def call(self, token: SqlToken) -> str:
        name = token.value.lower()
        function = FUNCTIONS.get(name)
        if function is None:
            near = get_close_matches(name, FUNCTIONS, 1, 0.75)
            advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(FUNCTIONS)}"
            raise Refusal(f"column {token.column}: there is no function {token.value!r}; {advice}")
        arguments = self.arguments()
        if not function.least <= len(arguments) <= function.most:
            raise Refusal(f"column {token.column}: {name} takes {_takes(function)}, not {len(arguments)}")
        return function.sql.format(*arguments) if function.sql else f"{name}({', '.join(arguments)})"

    def values(self) -> str:
        self.expect("(")
        return f"({', '.join(self.arguments())})"

    def arguments(self) -> list[str]:
        """After the opening bracket."""
        found = [self.either()]
        while self.take(","):
            found.append(self.either())
        self.expect(")")
        return found


def known(name: str, columns: Collection[str], where: str = "") -> str:
    """The name, if there is such a column."""
    if name in columns:
        return name
    near = get_close_matches(name, columns, 1) or [one for one in columns if one.lower() == name.lower()]
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(list(columns)[:10])}"
    raise Refusal(f"{where}there is no column {name!r}; {advice}")


def _no_value(token: SqlToken) -> str:
    if token.kind == "end":
        return "the expression ends where a value should follow"
    return f"a value should stand here, not {token.value!r}"


def _takes(function: SqlFunction) -> str:
    if function.least == function.most:
        return f"{function.least} value" + ("s" if function.least > 1 else "")
    return f"{function.least} to {function.most} values"
