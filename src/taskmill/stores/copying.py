"""The part of the store's contract by which tasks go from one store to another."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from taskmill.core.task import Attempt, Task


class Export(NamedTuple):
    """Oldest first; `cursor` continues after the last task."""

    tasks: list[Task]
    attempts: list[Attempt]
    """Of these tasks; those of one task oldest first."""
    cursor: str | None


class Copying(Protocol):
    """From one store to another."""

    async def export(self, limit: int, cursor: str | None = None) -> Export:
        """Up to `limit` tasks with all that is kept of their attempts. Raises InvalidRequest for a strange cursor."""
        ...

    async def restore(self, tasks: Sequence[Task], attempts: Sequence[Attempt]) -> list[str]:
        """Insert tasks as they are, and what is there with a lower version gets the head that is given.

        Returns the ids of those that stayed out because an unfinished task holds their key; one that a task of the
        batch gives up is free for another of it. `attempts`: of these tasks; those that are there stay as they are.
        No id may come twice in a batch.
        """
        ...
