"""Integers and floats, as in Python."""

import math
import operator
from typing import Any

from taskmill.catalogue.arithmetic.kinds import MathFunction, Numbers

MAX_BITS = 1024
MAX_FACTORIAL = 170


def _literal(text: str) -> int | float:
    return int(text) if text.isdecimal() else float(text)


def _fits(value: int | float) -> bool:
    return value.bit_length() <= MAX_BITS if isinstance(value, int) else math.isfinite(value)


def _power(base: int | float, exponent: int | float) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and (base.bit_length() - 1) * exponent > MAX_BITS:
        raise OverflowError
    return base**exponent


def _factorial(number: int | float) -> int:
    if number > MAX_FACTORIAL:
        raise OverflowError
    if number < 0 or number != int(number):
        raise ValueError("takes whole numbers from 0 on")
    return math.factorial(int(number))


def _round(number: int | float, digits: int | float = 0) -> int | float:
    if digits != int(digits) or abs(digits) > 400:
        raise ValueError("takes a whole number of digits, up to 400")
    return round(number, int(digits)) if digits else round(number)


def _gcd(left: int | float, right: int | float) -> int:
    if left != int(left) or right != int(right):
        raise ValueError("takes whole numbers")
    return math.gcd(int(left), int(right))


PLAIN = Numbers(
    literal=_literal,
    operators={
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": operator.truediv,
        "//": operator.floordiv,
        "%": operator.mod,
        "**": _power,
    },
    functions={
        "sqrt": MathFunction(math.sqrt),
        "exp": MathFunction(math.exp),
        "ln": MathFunction(math.log),
        "log": MathFunction(math.log, 1, 2),
        "log2": MathFunction(math.log2),
        "log10": MathFunction(math.log10),
        "sin": MathFunction(math.sin),
        "cos": MathFunction(math.cos),
        "tan": MathFunction(math.tan),
        "asin": MathFunction(math.asin),
        "acos": MathFunction(math.acos),
        "atan": MathFunction(math.atan),
        "abs": MathFunction(abs),
        "floor": MathFunction(math.floor),
        "ceil": MathFunction(math.ceil),
        "round": MathFunction(_round, 1, 2),
        "min": MathFunction(lambda *numbers: min(numbers), 1, 100),
        "max": MathFunction(lambda *numbers: max(numbers), 1, 100),
        "factorial": MathFunction(_factorial),
        "gcd": MathFunction(_gcd, 2, 2),
    },
    constants={"pi": lambda: math.pi, "e": lambda: math.e, "tau": lambda: math.tau},
    fits=_fits,
    range="±1.8e308",
)
