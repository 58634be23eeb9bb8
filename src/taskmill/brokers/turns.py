"""Whose turn it is: high before normal before low, but now and then whoever is lowest."""

from collections.abc import Sequence

from taskmill.core.task import Priority

EVERY = 16
"""One turn of so many goes to the lowest that waits."""
DOWNWARDS: Sequence[int] = tuple(Priority)
UPWARDS: Sequence[int] = tuple(reversed(Priority))


class Turns:
    def __init__(self) -> None:
        self._count = 0

    def next(self) -> Sequence[int]:
        """Priorities in the order in which they may go now."""
        self._count += 1
        return DOWNWARDS if self._count % EVERY else UPWARDS
