"""Decimal numbers of as many digits as one asks for."""

import contextlib
import decimal
import functools
import math
import operator
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from taskmill.catalogue.arithmetic.kinds import ExpressionError, MathFunction, Numbers
from taskmill.catalogue.arithmetic.parser import MathToken

MAX_DIGITS = 1_000
GUARD = 10
"""Digits more on the way."""
FARTHEST = 999_999
"""Powers of ten."""
MAX_FACTORIAL = 10_000
LARGEST_ANGLE = 100
"""Digits before the point."""
COST = 25_000
"""Digits times functions and powers: five seconds at most, none of which holds the interpreter for a quarter."""
CHEAP = frozenset({"abs", "floor", "ceil", "round", "min", "max", "gcd", "sqrt", "pi", "tau"})
SHORT = 9
"""Digits of a whole exponent that needs few multiplications."""

ONE, TWO = Decimal(1), Decimal(2)


def check_cost(tokens: Sequence[MathToken], digits: int) -> None:
    """Before anything is computed. Raises ExpressionError."""
    costly = [
        token
        for token, after in pairwise(tokens)
        if (token.kind == "word" and token.text not in CHEAP)
        or (token.text == "**" and not (after.text.isdecimal() and len(after.text) <= SHORT))
    ]
    most = COST // digits
    if len(costly) > most:
        raise ExpressionError(
            f"column {costly[most].column}: with {digits:,} digits, at most {most:,} functions and powers are computed;"
            " ask for fewer digits, or divide the expression"
        )


@contextlib.contextmanager
def working(digits: int) -> Iterator[None]:
    traps = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
    context = decimal.Context(prec=digits + GUARD, Emax=FARTHEST, Emin=-FARTHEST, traps=traps)
    with decimal.localcontext(context):
        yield


def written(value: Decimal, digits: int) -> str:
    """Rounded to so many digits; with a power of ten where it would be mostly zeros."""
    with decimal.localcontext() as context:
        context.prec = digits
        value = (+value).normalize()
    return f"{value:f}" if -GUARD < value.adjusted() < digits + GUARD else f"{value:E}"


def _digits() -> int:
    return decimal.getcontext().prec


def _divide(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise ZeroDivisionError
    return left / right


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    """0**0 is 1, as in Python's own numbers."""
    if not exponent:
        return ONE
    if not base and exponent < 0:
        raise ZeroDivisionError
    return base**exponent


def _floor_divide(left: Decimal, right: Decimal) -> Decimal:
    """Downwards, as in Python's integers; Decimal's own goes towards zero."""
    if not right:
        raise ZeroDivisionError
    quotient, rest = divmod(left, right)
    return quotient - 1 if rest and (rest < 0) != (right < 0) else quotient


def _modulo(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise ZeroDivisionError
    rest = left % right
    return rest + right if rest and (rest < 0) != (right < 0) else rest


def _positive(number: Decimal) -> Decimal:
    if number <= 0:
        raise ValueError("takes numbers above 0")
    return number


def _ln(number: Decimal) -> Decimal:
    return _positive(number).ln()


def _whole(number: Decimal, most: int) -> int:
    if number != number.to_integral_value():
        raise ValueError("takes whole numbers")
    if abs(number) > most:
        raise OverflowError
    return int(number)


def _factorial(number: Decimal) -> Decimal:
    if number < 0:
        raise ValueError("takes whole numbers from 0 on")
    return +Decimal(math.factorial(_whole(number, MAX_FACTORIAL)))


def _gcd(left: Decimal, right: Decimal) -> Decimal:
    most = 10**MAX_DIGITS
    return Decimal(math.gcd(_whole(left, most), _whole(right, most)))


def _round(number: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    places = _whole(digits, MAX_DIGITS)
    if number.adjusted() + places + 1 > _digits():
        return number  # it has no digits there
    return number.quantize(Decimal((0, (1,), -places)), decimal.ROUND_HALF_EVEN)


@functools.lru_cache(maxsize=32)
def pi(digits: int) -> Decimal:
    """Gauss and Legendre: each step doubles the digits that are right."""
    with decimal.localcontext() as context:
        context.prec = digits + GUARD
        a, b, t, p = ONE, ONE / TWO.sqrt(), ONE / 4, 1
        for _ in range(digits.bit_length() + 1):
            mean = (a + b) / 2
            b = (a * b).sqrt()
            t -= p * (a - mean) ** 2
            a, p = mean, 2 * p
        return (a + b) ** 2 / (4 * t)


def _angle(number: Decimal) -> int:
    """Its digits before the point."""
    size = number.adjusted() + 1 if number else 0
    if size > LARGEST_ANGLE:
        raise OverflowError
    return size


def sine(angle: Decimal) -> Decimal:
    """The series, after whole turns are taken away."""
    with decimal.localcontext() as context:
        context.prec += max(0, _angle(angle)) + GUARD
        circle = 2 * pi(context.prec)
        x = angle - circle * (angle / circle).to_integral_value()
        term, total, last, n = x, x, Decimal(0), 1
        while total != last:
            n += 2
            term *= -x * x / (n * (n - 1))
            last, total = total, total + term
    return +total


def cosine(angle: Decimal) -> Decimal:
    with decimal.localcontext() as context:
        context.prec += max(0, _angle(angle)) + GUARD
        value = sine(pi(context.prec) / 2 - angle)
    return +value


def arc_tangent(number: Decimal) -> Decimal:
    """The series, after the angle was halved until it is small."""
    with decimal.localcontext() as context:
        context.prec += GUARD
        x, halved = number, 0
        while abs(x) > Decimal("0.05"):
            x = x / (1 + (1 + x * x).sqrt()) if x.adjusted() < context.prec else ONE.copy_sign(x)
            halved += 1
        power, total, last, n = x, x, Decimal(0), 1
        while total != last:
            n += 2
            power *= -x * x
            last, total = total, total + power / n
        total *= TWO**halved
    return +total


def _arc_sine(number: Decimal) -> Decimal:
    if abs(number) > 1:
        raise ValueError("takes numbers from -1 to 1")
    if abs(number) == 1:
        return pi(_digits()) / 2 * number
    return arc_tangent(number / ((1 - number) * (1 + number)).sqrt())


PRECISE = Numbers(
    literal=lambda text: +Decimal(text),
    operators={
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": _divide,
        "//": _floor_divide,
        "%": _modulo,
        "**": _power,
    },
    functions={
        "sqrt": MathFunction(Decimal.sqrt),
        "exp": MathFunction(Decimal.exp),
        "ln": MathFunction(_ln),
        "log": MathFunction(lambda x, base=None: _ln(x) if base is None else _ln(x) / _ln(base), 1, 2),
        "log2": MathFunction(lambda x: _ln(x) / _ln(TWO)),
        "log10": MathFunction(lambda x: _positive(x).log10()),
        "sin": MathFunction(sine),
        "cos": MathFunction(cosine),
        "tan": MathFunction(lambda x: _divide(sine(x), cosine(x))),
        "asin": MathFunction(_arc_sine),
        "acos": MathFunction(lambda x: pi(_digits()) / 2 - _arc_sine(x)),
        "atan": MathFunction(arc_tangent),
        "abs": MathFunction(abs),
        "floor": MathFunction(lambda x: x.to_integral_value(decimal.ROUND_FLOOR)),
        "ceil": MathFunction(lambda x: x.to_integral_value(decimal.ROUND_CEILING)),
        "round": MathFunction(_round, 1, 2),
        "min": MathFunction(lambda *numbers: min(numbers), 1, 100),
        "max": MathFunction(lambda *numbers: max(numbers), 1, 100),
        "factorial": MathFunction(_factorial),
        "gcd": MathFunction(_gcd, 2, 2),
    },
    constants={"pi": lambda: pi(_digits()), "e": ONE.exp, "tau": lambda: 2 * pi(_digits())},
    fits=Decimal.is_finite,
    range=f"10**±{FARTHEST}",
)
"""To be used while `working` with so many digits."""
