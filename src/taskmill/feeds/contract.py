"""What a live feed promises. The conformance suite (taskmill.testing.conformance) holds every feed to it.

Best effort: events may be lost or come twice, never so that a stale one beats a fresh one. All of it lives on the
event loop on which it was made.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from taskmill.core.events import TaskEvent


class Watched(NamedTuple):
    """Every condition that is given must hold."""

    ids: frozenset[str] | None = None
    queues: frozenset[str] | None = None
    task_types: frozenset[str] | None = None


class Watching(Protocol):
    """One watcher. Bounded: who reads too slowly loses the oldest, and is told so by `lost`."""

    lost: int
    """How many events were dropped for this watcher so far, as far as it is known."""

    async def next(self, timeout: float | None) -> list[TaskEvent]:
        """What came since the last call; empty after `timeout` seconds of silence."""
        ...

    def close(self) -> None: ...


class Feed(Protocol):
    place: str
    """Where it is, for people; without secrets."""

    async def emit(self, events: Sequence[TaskEvent]) -> None:
        """Raises FeedUnavailable, soon, when it is away."""
        ...

    async def watch(self, where: Watched) -> Watching:
        """Returns when events are heard from now on."""
        ...

    async def latest(self, ids: Collection[str]) -> dict[str, TaskEvent]:
        """The freshest state and progress known of those that it remembers; raises nothing, forgets at will."""
        ...

    async def ping(self) -> None:
        """One event there and back. Raises FeedUnavailable."""
        ...

    async def close(self) -> None: ...
