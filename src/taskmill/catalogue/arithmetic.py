"""Arithmetic on numbers: parsed here, bounded before it is computed, never given to Python to evaluate.

Numbers, `+ - * / // % **`, signs and round brackets, with Python's own meaning and order of operations.
Integers stay integers, however they are written; `/` and negative powers give floats.

Bounds: 1 000 characters, 50 levels of nesting, and every value on the way within the range of a float
(2**1024, about 1.8e308), integers included. So each result is a JSON number that any reader takes, though one
that reads all numbers as floats keeps no more than 53 bits of a long integer.
"""

import math
import operator
import re
from collections.abc import Callable
from typing import NamedTuple, NoReturn

MAX_LENGTH = 1_000
MAX_NESTING = 50
MAX_BITS = 1024

ALLOWED = "use numbers, + - * / // % ** and round brackets"
INSTEAD = {
    "^": "**",
    ":": "/",
    ",": ".",
    "[": "(",
    "{": "(",
    "\N{MULTIPLICATION SIGN}": "*",
    "\N{DIVISION SIGN}": "/",
    "\N{MINUS SIGN}": "-",
}
"""What people write for an operator, and what it is here."""

Number = int | float


class ExpressionError(ValueError):
    """No bounded arithmetic, or it has no value. Says at which column (1 is the first) and what would be right."""


class Token(NamedTuple):
    kind: str
    """`number`, `symbol`, `word`, `other` or `end`."""
    text: str
    column: int


class Binding(NamedTuple):
    left: int
    right: int
    apply: Callable[[Number, Number], Number]


def evaluate(expression: str) -> Number:
    """The value of an arithmetic expression. Raises ExpressionError, and nothing else."""
    if len(expression) > MAX_LENGTH:
        raise ExpressionError(f"the expression has {len(expression)} characters; at most {MAX_LENGTH} are allowed")
    if not expression.strip():
        raise ExpressionError("the expression is empty; write one like 1 + 2 * 5")
    return _Parser(_tokens(expression)).whole()


_TOKEN = re.compile(
    r"""(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<symbol>\*\*|//|[-+*/%()])
      | (?P<space>[ \t\r\n]+)
      | (?P<word>[^\W\d]\w*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def _tokens(expression: str) -> list[Token]:
    found = [Token(str(match.lastgroup), match[0], match.start() + 1) for match in _TOKEN.finditer(expression)]
    return [token for token in found if token.kind != "space"] + [Token("end", "", len(expression) + 1)]


class _Parser:
    """Precedence climbing; computes as it reads."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.nesting = 0

    def whole(self) -> Number:
        value = self.expression(0)
        if self.token.kind != "end":
            self.refuse_after_value()
        return value

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def expression(self, floor: int) -> Number:
        self.descend()
        value = self.operand()
        while (binding := OPERATORS.get(self.token.text)) and binding.left >= floor:
            column = self.token.column
            self.at += 1
            value = _compute(binding.apply, value, self.expression(binding.right), column)
        self.nesting -= 1
        return value

    def operand(self) -> Number:
        token = self.token
        self.at += 1
        if token.kind == "number":
            return _literal(token)
        if token.text == "(":
            return self.bracket(token)
        if token.text in SIGNS:
            return SIGNS[token.text](self.expression(SIGN_BINDS))
        return _refuse_operand(token)

    def bracket(self, opened: Token) -> Number:
        value = self.expression(0)
        if self.token.kind == "end":
            raise ExpressionError(f"the bracket opened at column {opened.column} is not closed; add )")
        if self.token.text != ")":
            self.refuse_after_value()
        self.at += 1
        return value

    def descend(self) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise ExpressionError(f"column {self.token.column}: nested deeper than {MAX_NESTING} levels; flatten it")

    def refuse_after_value(self) -> NoReturn:
        token = self.token
        if token.text == ")":
            raise ExpressionError(f"column {token.column}: ) closes no bracket; remove it or open one before")
        if token.kind == "number" or token.text == "(":
            missing = f"an operator (+ - * / // % **) is missing before {token.text}"
            raise ExpressionError(f"column {token.column}: {missing}")
        _refuse(token)


def _refuse_operand(token: Token) -> NoReturn:
    if token.kind == "end":
        raise ExpressionError(f"column {token.column}: the expression ends where a number should follow")
    if token.kind == "symbol":
        raise ExpressionError(f"column {token.column}: a number should stand here, not {token.text}")
    _refuse(token)


def _refuse(token: Token) -> NoReturn:
    if token.kind == "word":
        raise ExpressionError(f"column {token.column}: names such as {token.text!r} are not arithmetic; {ALLOWED}")
    instead = INSTEAD.get(token.text)
    right = f"write {instead} for it" if instead else ALLOWED
    raise ExpressionError(f"column {token.column}: {token.text!r} is not arithmetic; {right}")


def _literal(token: Token) -> Number:
    value: Number = int(token.text) if token.text.isdecimal() else float(token.text)
    return _bounded(value, token.column)


def _compute(apply: Callable[[Number, Number], Number], left: Number, right: Number, column: int) -> Number:
    try:
        value = apply(left, right)
        if isinstance(value, complex):
            raise ExpressionError(f"column {column}: a negative number has no real power {right}; use a whole exponent")
        return _bounded(value, column)
    except ZeroDivisionError:
        raise ExpressionError(f"column {column}: division by zero") from None
    except OverflowError:
        raise _too_large(column) from None


def _bounded(value: Number, column: int) -> Number:
    small = value.bit_length() <= MAX_BITS if isinstance(value, int) else math.isfinite(value)
    if not small:
        raise _too_large(column)
    return value


def _too_large(column: int) -> ExpressionError:
    return ExpressionError(f"column {column}: the value is too large; it must stay within ±1.8e308")


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and (base.bit_length() - 1) * exponent > MAX_BITS:
        raise OverflowError
    return base**exponent


SIGNS: dict[str, Callable[[Number], Number]] = {"+": operator.pos, "-": operator.neg}
SIGN_BINDS = 3

OPERATORS = {
    "+": Binding(1, 2, operator.add),
    "-": Binding(1, 2, operator.sub),
    "*": Binding(2, 3, operator.mul),
    "/": Binding(2, 3, operator.truediv),
    "//": Binding(2, 3, operator.floordiv),
    "%": Binding(2, 3, operator.mod),
    "**": Binding(4, 4, _power),
}
"""How strongly each binds to the operand on its left, and the least its right operand must bind."""
