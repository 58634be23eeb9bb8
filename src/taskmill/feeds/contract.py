"""What a live feed promises. The conformance suite (taskmill.testing.conformance) holds every feed to it.

Best effort: events may be lost or come twice, never so that a stale one beats a fresh one. All of it lives on the
event loop on which it was made.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from taskmill.core.events import TaskEvent

Answer = Callable[[bytes], Awaitable[bytes]]
"""From a question to its answer, both JSON. Never raises."""


class EventFilter(NamedTuple):
    """Of the conditions, those that are given must all be met."""

    ids: frozenset[str] | None = None
    queues: frozenset[str] | None = None
    task_types: frozenset[str] | None = None

    def matches(self, event: TaskEvent) -> bool:
        return (
            (self.ids is None or event.id in self.ids)
            and (self.queues is None or event.queue in self.queues)
            and (self.task_types is None or event.task_type in self.task_types)
        )


class Subscription(Protocol):
    """One watcher's events. Bounded: a watcher that reads too slowly loses the oldest, which `lost` counts."""

    lost: int
    """Grows by what was dropped for this watcher, and by one whenever more may have been missed on the way."""

    async def next(self, timeout: float | None) -> list[TaskEvent]:
        """What came since the last call; empty after `timeout` seconds of silence, and when `lost` has grown.

        Cancelling it loses nothing. Raises FeedUnavailable once the watcher or its feed is closed.
        """
        ...

    def close(self) -> None: ...


class Feed(Protocol):
    location: str
    """Where it is, for people; without secrets."""

    async def emit(self, events: Sequence[TaskEvent]) -> None:
        """Raises FeedUnavailable, soon, when it is away."""
        ...

    async def watch(self, where: EventFilter) -> Subscription:
        """Returns when events arrive from now on. Raises FeedUnavailable, soon, when it is away."""
        ...

    async def latest(self, ids: Collection[str]) -> dict[str, TaskEvent]:
        """The freshest state and progress known of those that it remembers; raises nothing, forgets at will."""
        ...

    async def remember(self, events: Sequence[TaskEvent]) -> None:
        """For `latest`, as far as they are fresh; no watcher gets them. Raises nothing."""
        ...

    def answer(self, answer: Answer) -> None:
        """From now on, who asks over this feed is answered; a feed over which nobody can ask ignores it."""
        ...

    async def ping(self) -> None:
        """One event there and back. Raises FeedUnavailable."""
        ...

    async def close(self) -> None: ...
