"""`math`: the value of an arithmetic expression."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from msgspec import Meta

from taskmill.catalogue.arithmetic import MAX_LENGTH, evaluate, evaluate_precisely
from taskmill.catalogue.base import app
from taskmill.core.retry import RetryPolicy

Expression = Annotated[
    str,
    Meta(
        title="Expression",
        description="Numbers, + - * / // % **, round brackets, pi, e, tau and functions: sqrt, exp, ln, log(x, base), "
        "log2, log10, sin, cos, tan, asin, acos, atan, abs, floor, ceil, round(x, digits), min, max, factorial, gcd.",
        examples=["1 + 2 * 5"],
        max_length=MAX_LENGTH,
    ),
]
Digits = Annotated[
    Annotated[int, Meta(ge=1, le=1000)] | None,
    Meta(
        title="Digits",
        description="Significant digits of the result, which then is text; unset, numbers are those of Python. "
        "Digits times functions and powers are at most 25 000.",
        examples=[50],
    ),
]

_precisely = ThreadPoolExecutor(1, "taskmill-math")
"""One at a time in each process: Python's decimals hold the interpreter, and a dozen would keep everybody waiting."""


@app.task(retry=RetryPolicy(give_up_on=("ExpressionError",)), timeout=600)
async def math(expression: Expression, digits: Digits = None) -> int | float | str:
    """Compute an arithmetic expression, such as 1 + 2 * 5.

    What can't be computed fails at once: a second try would give the same.
    """
    if digits is None:
        return evaluate(expression)
    return await asyncio.get_running_loop().run_in_executor(_precisely, evaluate_precisely, expression, digits)
