"""Expressions over the columns of a table: parsed here, checked for their types, and written anew as SQL.

Nothing of what was given gets into a statement but names of columns that are there, numbers, and quoted texts. There
are no statements, no subqueries, and no functions but those below, none of which reads a file or lets a text grow.
A value is compared and computed only with one of its kind: nothing is made another kind without being told.
"""

import math
from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from taskmill.catalogue.data.functions import (
    ADVICE,
    DAY_TEXT,
    FUNCTIONS,
    NEEDED,
    WORDS,
    SqlFunction,
    common,
    comparable,
)
from taskmill.catalogue.data.tokens import SqlToken, tokens
from taskmill.catalogue.refusal import Refusal

if TYPE_CHECKING:
    from taskmill.catalogue.data.columns import TableColumn

MAX_NESTING = 30
MOST_JOINED = 10
MOST_DIGITS = 38
LONGEST_TEXT = 10_000
"""Characters of a text that is put together."""


class SqlExpression(NamedTuple):
    sql: str
    kind: str
    """`text`, `integer`, `number`, `boolean`, `date`, `timestamp`, `zoned` (a timestamp with a zone), `null`,
    `literal` (a text in quotes, which may stand for a date), or the engine's name."""
    written: str = ""
    """As in the expression, for people."""

    @property
    def article(self) -> str:
        words = {"literal": "a text", "text": "a text", "integer": "a number", "zoned": "a timestamp with a zone"}
        return words.get(self.kind, f"a {self.kind}")


COMPARISONS = {"=": "=", "==": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def to_sql(expression: str, columns: "Sequence[TableColumn]") -> SqlExpression:
    """SQL of an expression. Raises Refusal, with the place in it."""
    try:
        return _Parser(tokens(expression), {column.name: column for column in columns}, expression).whole()
    except Refusal as refused:
        raise type(refused)(f"in the expression {expression!r}, {refused}") from None


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class _Parser:
    def __init__(self, found: list[SqlToken], columns: "dict[str, TableColumn]", expression: str) -> None:
        self.tokens = found
        self.columns = columns
        self.expression = expression
        self.at = 0
        self.nesting = 0
        self.joined = 0
        """How often texts were joined so far."""

    def whole(self) -> SqlExpression:
        found = self.either()
        if self.token.kind != "end":
            self.refuse(f"{self.token.value!r} is not expected; an operator may be missing before it")
        return found

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

    def made(self, start: int, sql: str, kind: str) -> SqlExpression:
        """A value, with what was written from the piece at `start` on."""
        begin, end = self.tokens[start].column - 1, self.tokens[self.at].column - 1
        return SqlExpression(sql, kind, self.expression[begin:end].strip())

    def either(self) -> SqlExpression:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.refuse(f"nested deeper than {MAX_NESTING} levels; derive a column for a part of it")
        found = self.logic(self.both, "or")
        self.nesting -= 1
        return found

    def both(self) -> SqlExpression:
        return self.logic(self.negation, "and")

    def logic(self, operand: Callable[[], SqlExpression], operator: str) -> SqlExpression:
        start, found = self.at, operand()
        while self.take(operator):
            self.need("boolean", found)
            other = operand()
            self.need("boolean", other)
            found = self.made(start, f"({found.sql} {operator} {other.sql})", "boolean")
        return found

    def negation(self) -> SqlExpression:
        start, count = self.at, 0
        while self.take("not"):
            count += 1
        found = self.comparison()
        if not count:
            return found
        self.need("boolean", found)
        return self.made(start, f"(NOT {found.sql})" if count % 2 else found.sql, "boolean")

    def comparison(self) -> SqlExpression:
        start, left = self.at, self.sum()
        if operator := self.take(*COMPARISONS):
            right = self.sum()
            self.need_alike(left, right)
            return self.made(start, f"({left.sql} {COMPARISONS[operator]} {right.sql})", "boolean")
        if self.take("is"):
            denied = " NOT" if self.take("not") else ""
            self.expect("null")
            return self.made(start, f"({left.sql} IS{denied} NULL)", "boolean")
        denied = "NOT " if self.take("not") else ""
        if self.take("in"):
            self.expect("(")
            values = self.arguments()
            self.need_alike(left, *values)
            return self.made(start, f"({left.sql} {denied}IN ({_listed(values)}))", "boolean")
        if self.take("between"):
            low = self.sum()
            self.expect("and")
            high = self.sum()
            self.need_alike(left, low, high)
            return self.made(start, f"({left.sql} {denied}BETWEEN {low.sql} AND {high.sql})", "boolean")
        if self.take("like"):
            pattern = self.sum()
            self.need("text", left, pattern)
            return self.made(start, f"({left.sql} {denied}LIKE {pattern.sql})", "boolean")
        if denied:
            self.refuse("after not there may be in, between or like")
        return left

    def sum(self) -> SqlExpression:
        start, before = self.at, self.joined
        texts = [self.terms()]
        while self.take("||"):
            texts.append(self.terms())
        if len(texts) == 1:
            return texts[0]
        if len(texts) > MOST_JOINED or self.joined > before:
            self.refuse(f"at most {MOST_JOINED} texts can be joined with ||, and none of them joined itself")
        return self.made(start, self.joining([text.sql for text in texts]), "text")

    def joining(self, texts: list[str]) -> str:
        """Checked before it is done: in each of many rows, a text could double again and again."""
        self.joined += 1
        length = " + ".join(f"coalesce(length(CAST({text} AS VARCHAR)), 0)" for text in texts)
        refused = f"error('a text joined with || has more than {LONGEST_TEXT} characters')"
        return f"CASE WHEN {length} > {LONGEST_TEXT} THEN {refused} ELSE ({' || '.join(texts)}) END"

    def terms(self) -> SqlExpression:
        start, found = self.at, self.factors()
        while operator := self.take("+", "-"):
            other = self.factors()
            if {found.kind, other.kind} & {"date", "timestamp", "zoned"}:
                kind = self.moment(found, operator, other)
            else:
                kind = self.number_of(found, other)
            found = self.made(start, f"({found.sql} {operator} {other.sql})", kind)
        return found

    def moment(self, one: SqlExpression, operator: str, other: SqlExpression) -> str:
        """A day and a number of days, or the days between two."""
        if one.kind == "date" and other.kind in ("integer", "null"):
            return "date"
        if one.kind == other.kind == "date" and operator == "-":
            return "integer"
        return self.refuse(f"{one.written} is {one.article} and {other.written} {other.article}; a date takes days")

    def factors(self) -> SqlExpression:
        start, found = self.at, self.signed()
        while operator := self.take("*", "/", "%"):
            other = self.signed()
            kind = self.number_of(found, other)
            if operator == "*":
                found = self.made(start, f"({found.sql} * {other.sql})", kind)
            else:
                quotient = f"({found.sql} {operator} nullif({other.sql}, 0))"
                found = self.made(start, quotient, "number" if operator == "/" else kind)
        return found

    def signed(self) -> SqlExpression:
        start, sign = self.at, ""
        signs = False
        while operator := self.take("+", "-"):
            signs = True
            sign = {"-": "", "": "-"}[sign] if operator == "-" else sign
        found = self.operand()
        if signs:
            self.need("number", found)
        return self.made(start, f"({sign}{found.sql})", found.kind) if sign else found

    def operand(self) -> SqlExpression:
        start, token = self.at, self.token
        self.at += 1
        if token.kind == "number":
            return self.made(start, *_number(token))
        if token.kind == "text":
            return self.made(start, literal(token.value), "literal")
        if token.kind == "name":
            if self.take("("):
                return self.call(start, token)
            column = self.columns[known(token.value, self.columns, f"column {token.column}: ")]
            return self.made(start, column.id, column.kind)
        if token.value in ("null", "true", "false"):
            return self.made(start, token.value.upper(), "null" if token.value == "null" else "boolean")
        if token.value == "(":
            inner = self.either()
            self.expect(")")
            return self.made(start, f"({inner.sql})", inner.kind)
        raise Refusal(f"column {token.column}: {_no_value(token)}")

    def call(self, start: int, token: SqlToken) -> SqlExpression:
        name = token.value.lower()
        function = FUNCTIONS.get(name)
        if function is None:
            near = get_close_matches(name, FUNCTIONS, 1, 0.75)
            advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(FUNCTIONS)}"
            raise Refusal(f"column {token.column}: there is no function {token.value!r}; {advice}")
        given = self.arguments()
        if not function.least <= len(given) <= function.most:
            raise Refusal(f"column {token.column}: {name} takes {_takes(function)}, not {len(given)}")
        alike = given[1:] if function.takes == "if" else given
        if function.takes == "if":
            self.need("boolean", given[0])
        if function.takes in ("alike", "if"):
            self.need_alike(*alike)
        elif function.takes != "any":
            self.need(function.takes, *given)
        kind = function.kind or common([one.kind for one in alike])
        if not function.sql:
            return self.made(start, f"{name}({_listed(given)})", kind)
        day = "true"
        if given[0].kind in ("text", "literal", "null"):
            day = f"regexp_matches({given[0].sql}, '^{DAY_TEXT}')"
        return self.made(start, function.sql.format(*(one.sql for one in given), day=day), kind)

    def arguments(self) -> list[SqlExpression]:
        """After the opening bracket."""
        found = [self.either()]
        while self.take(","):
            found.append(self.either())
        self.expect(")")
        return found

    def number_of(self, *values: SqlExpression) -> str:
        self.need("number", *values)
        return "integer" if all(value.kind == "integer" for value in values) else "number"

    def need(self, kind: str, *values: SqlExpression) -> None:
        for value in values:
            if value.kind not in NEEDED[kind]:
                advice = ADVICE.get(kind, "").format(value.written)
                self.refuse(f"{value.written} is {value.article}, and {WORDS[kind]} is needed{advice}")

    def need_alike(self, *values: SqlExpression) -> None:
        first = next((value for value in values if value.kind not in ("null", "literal")), values[0])
        for value in values:
            if not comparable(first.kind, value.kind):
                self.refuse(
                    f"{first.written} is {first.article} and {value.written} {value.article}; make them alike, such as "
                    f"by number(…), text(…) or date(…)"
                )


def _listed(values: Sequence[SqlExpression]) -> str:
    return ", ".join(value.sql for value in values)


def _number(token: SqlToken) -> tuple[str, str]:
    mantissa = token.value.lower().partition("e")[0]
    if not math.isfinite(float(token.value)):
        raise Refusal(f"column {token.column}: {token.value} is too large a number")
    if len(mantissa.replace(".", "").lstrip("0")) > MOST_DIGITS:
        raise Refusal(f"column {token.column}: {token.value} has more than {MOST_DIGITS} digits")
    return token.value, "integer" if token.value.isdigit() else "number"


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
