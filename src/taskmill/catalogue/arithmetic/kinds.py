"""What a kind of numbers has to offer for expressions to be computed in it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class ExpressionError(ValueError):
    """No bounded arithmetic, or it has no value. Says at which column (1 is the first) and what would be right."""


class MathFunction(NamedTuple):
    apply: Callable[..., Any]
    least: int = 1
    """Arguments."""
    most: int = 1


class Numbers(NamedTuple):
    literal: Callable[[str], Any]
    """From digits, as a person writes them."""
    operators: Mapping[str, Callable[[Any, Any], Any]]
    functions: Mapping[str, MathFunction]
    constants: Mapping[str, Callable[[], Any]]
    fits: Callable[[Any], bool]
    """Whether a value is within the range."""
    range: str
    """In words."""
