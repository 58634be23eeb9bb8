"""`math`: the value of an arithmetic expression."""

from typing import Annotated

from msgspec import Meta

from taskmill.catalogue.arithmetic import MAX_LENGTH, evaluate
from taskmill.catalogue.base import app
from taskmill.core.retry import RetryPolicy

Expression = Annotated[
    str,
    Meta(
        title="Expression",
        description="Numbers, + - * / // % ** and round brackets.",
        examples=["1 + 2 * 5"],
        max_length=MAX_LENGTH,
    ),
]


@app.task(retry=RetryPolicy(give_up_on=("ExpressionError",)))
async def math(expression: Expression) -> int | float:
    """Compute an arithmetic expression, such as 1 + 2 * 5.

    What can't be computed fails at once: a second try would give the same.
    """
    return evaluate(expression)
