"""Arithmetic on numbers: parsed here, bounded before it is computed, never given to Python to evaluate.

Numbers, `+ - * / // % **`, signs, round brackets, the usual functions and constants. In plain numbers everything means
what it means in Python: integers stay integers, however they are written; `/` and negative powers give floats. With a
precision, every number is a decimal one of so many digits, computed with ten more on the way.

Bounds: 1 000 characters, 50 levels of nesting, and every value on the way within a range: that of a float (2**1024,
about 1.8e308) for plain numbers, integers included, and 10**±999999 for precise ones. So each plain result is a JSON
number that any reader takes, though one that reads all numbers as floats keeps no more than 53 bits of a long integer.
The cost is bounded before it begins: digits times functions and powers are at most 25 000.
"""

from taskmill.catalogue.arithmetic.kinds import ExpressionError
from taskmill.catalogue.arithmetic.parser import MAX_LENGTH, MAX_NESTING, Parser, tokens
from taskmill.catalogue.arithmetic.plain import PLAIN

__all__ = ["MAX_LENGTH", "MAX_NESTING", "ExpressionError", "evaluate", "evaluate_precisely"]


def evaluate(expression: str) -> int | float:
    """The value of an arithmetic expression. Raises ExpressionError, and nothing else."""
    value: int | float = Parser(tokens(expression), PLAIN).whole()
    return value


def evaluate_precisely(expression: str, digits: int) -> str:
    """The value to so many significant digits, written out. Raises ExpressionError."""
    from taskmill.catalogue.arithmetic.precise import PRECISE, check_cost, working, written

    read = tokens(expression)
    check_cost(read, digits)
    with working(digits):
        return written(Parser(read, PRECISE).whole(), digits)
