"""`math`: the value of an arithmetic expression."""

import asyncio
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
        description="Significant digits of the result, which then is text; unset, numbers are those of Python.",
        examples=[50],
    ),
]


@app.task(retry=RetryPolicy(give_up_on=("ExpressionError",)), timeout=60)
async def math(expression: Expression, digits: Digits = None) -> int | float | str:
    """Compute an arithmetic expression, such as 1 + 2 * 5.

    What can't be computed fails at once: a second try would give the same.
    """
    if digits is None:
        return evaluate(expression)
    return await asyncio.to_thread(evaluate_precisely, expression, digits)
