"""From text to a value: precedence climbing, which computes as it reads."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal, DecimalException
from typing import Any, NamedTuple, NoReturn

from taskmill.catalogue.arithmetic.kinds import ExpressionError, MathFunction, Numbers

MAX_LENGTH = 1_000
MAX_NESTING = 50

ALLOWED = "use numbers, + - * / // % **, round brackets and functions like sqrt(2)"
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


class MathToken(NamedTuple):
    kind: str
    """`number`, `symbol`, `word`, `other` or `end`."""
    text: str
    column: int


_TOKEN = re.compile(
    r"""(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<symbol>\*\*|//|[-+*/%()])
      | (?P<space>[ \t\r\n]+)
      | (?P<word>[^\W\d]\w*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def tokens(expression: str) -> list[MathToken]:
    """Raises ExpressionError for an expression that is too long, or empty."""
    if len(expression) > MAX_LENGTH:
        raise ExpressionError(f"the expression has {len(expression)} characters; at most {MAX_LENGTH} are allowed")
    if not expression.strip():
        raise ExpressionError("the expression is empty; write one like 1 + 2 * 5")
    found = [MathToken(str(match.lastgroup), match[0], match.start() + 1) for match in _TOKEN.finditer(expression)]
    return [token for token in found if token.kind != "space"] + [MathToken("end", "", len(expression) + 1)]


class Parser:
    def __init__(self, tokens: list[MathToken], numbers: Numbers) -> None:
        self.tokens = tokens
        self.numbers = numbers
        self.at = 0
        self.nesting = 0

    def whole(self) -> Any:
        value = self.expression(0)
        if self.token.kind != "end":
            self.refuse_after_value()
        return value

    @property
    def token(self) -> MathToken:
        return self.tokens[self.at]

    def expression(self, floor: int) -> Any:
        self.descend()
        value = self.operand()
        while (binding := BINDINGS.get(self.token.text)) and binding.left >= floor:
            operator = self.token
            self.at += 1
            right = self.expression(binding.right)
            value = self.compute(self.numbers.operators[operator.text], (value, right), operator)
        self.nesting -= 1
        return value

    def operand(self) -> Any:
        token = self.token
        self.at += 1
        if token.kind == "number":
            return self.compute(self.numbers.literal, (token.text,), token)
        if token.text == "(":
            return self.bracket(token)
        if token.text in SIGNS:
            value = self.expression(SIGN_BINDS)
            return -value if token.text == "-" else value
        if token.kind == "word":
            return self.named(token)
        return _refuse_operand(token)

    def bracket(self, opened: MathToken) -> Any:
        value = self.expression(0)
        self.close(opened)
        return value

    def close(self, opened: MathToken) -> None:
        if self.token.kind == "end":
            raise ExpressionError(f"the bracket opened at column {opened.column} is not closed; add )")
        if self.token.text != ")":
            self.refuse_after_value()
        self.at += 1

    def named(self, name: MathToken) -> Any:
        """A constant, or a function of what follows in brackets."""
        constant, function = self.numbers.constants.get(name.text), self.numbers.functions.get(name.text)
        if constant:
            return self.compute(constant, (), name)
        if function is None:
            _refuse(name, [*self.numbers.functions, *self.numbers.constants])
        if self.token.text != "(":
            raise ExpressionError(f"column {name.column}: {name.text} is a function; write {name.text}(…)")
        return self.compute(function.apply, self.arguments(name, function), name)

    def arguments(self, name: MathToken, function: MathFunction) -> tuple[Any, ...]:
        opened = self.token
        self.at += 1
        given = [self.expression(0)]
        while self.token.text == ",":
            self.at += 1
            given.append(self.expression(0))
        self.close(opened)
        if not function.least <= len(given) <= function.most:
            takes = " or ".join(map(str, dict.fromkeys((function.least, function.most))))
            raise ExpressionError(f"column {name.column}: {name.text} takes {takes} numbers, not {len(given)}")
        return tuple(given)

    def compute(self, apply: Callable[..., Any], given: tuple[Any, ...], at: MathToken) -> Any:
        """Raises ExpressionError for what has no value, or none within the range."""
        try:
            value = apply(*given)
        except ZeroDivisionError:
            raise ExpressionError(f"column {at.column}: division by zero") from None
        except OverflowError:
            raise self.too_large(at.column) from None
        except DecimalException as signal:
            if "InvalidOperation" in type(signal).__name__ and at.text not in ("//", "%"):
                raise _no_value(at, given) from None
            raise self.too_large(at.column) from None
        except ValueError as wrong:
            raise _no_value(at, given, str(wrong)) from None
        if isinstance(value, complex):
            raise _no_value(at, given)
        if not self.numbers.fits(value):
            raise self.too_large(at.column)
        return value

    def too_large(self, column: int) -> ExpressionError:
        return ExpressionError(f"column {column}: the value is too large; it must stay within {self.numbers.range}")

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


def _refuse_operand(token: MathToken) -> NoReturn:
    if token.kind == "end":
        raise ExpressionError(f"column {token.column}: the expression ends where a number should follow")
    if token.kind == "symbol":
        raise ExpressionError(f"column {token.column}: a number should stand here, not {token.text}")
    _refuse(token)


def _refuse(token: MathToken, known: Sequence[str] = ()) -> NoReturn:
    if token.kind == "word":
        raise ExpressionError(
            f"column {token.column}: names such as {token.text[:50]!r} are not arithmetic; {_near(token, known)}"
        )
    instead = INSTEAD.get(token.text)
    right = f"write {instead} for it" if instead else ALLOWED
    raise ExpressionError(f"column {token.column}: {token.text!r} is not arithmetic; {right}")


def _near(token: MathToken, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(token.text.lower(), known, n=1)
    return f"did you mean {close[0]}?" if close else ALLOWED


def _no_value(at: MathToken, given: tuple[Any, ...], why: str = "") -> ExpressionError:
    if at.text == "**":
        shown = f"{given[1]:.6g}" if isinstance(given[1], Decimal) else given[1]
        why = f"a negative number has no real power {shown}; use a whole exponent"
        return ExpressionError(f"column {at.column}: {why}")
    why = why if why.startswith("takes") else "has no real value there"
    return ExpressionError(f"column {at.column}: {at.text} {why}")


class Precedence(NamedTuple):
    """How strongly an operator binds to the operand on its left, and the least its right operand must bind."""

    left: int
    right: int


SIGNS = ("+", "-")
SIGN_BINDS = 3

BINDINGS = {
    "+": Precedence(1, 2),
    "-": Precedence(1, 2),
    "*": Precedence(2, 3),
    "/": Precedence(2, 3),
    "//": Precedence(2, 3),
    "%": Precedence(2, 3),
    "**": Precedence(4, 4),
}
