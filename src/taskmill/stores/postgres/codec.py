"""Between the rows of the driver and the types of core/."""

from collections.abc import Iterable, Sequence
from typing import Any

from taskmill.core.state import State
from taskmill.core.task import Claim, Head, Spec, Task

STATES = {str(state): state for state in State}
SPEC = len(Spec._fields)
HEAD = len(Head._fields)


def task(row: Any, start: int = 0) -> Task:
    """From the columns of a spec and a head, beginning with number `start`."""
    return Task(*_halves(row, start))


def claim(row: Any, start: int = 0) -> Claim:
    return Claim(*_halves(row, start))


def columns(rows: Iterable[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    """One array for each column."""
    return list(zip(*rows, strict=True)) or [()] * width


def _halves(row: Any, start: int) -> tuple[Spec, Head]:
    middle = start + SPEC
    return Spec._make(row[start:middle]), Head(STATES[row[middle]], *row[middle + 1 : middle + HEAD])
