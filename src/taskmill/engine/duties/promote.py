"""Duty: scheduled tasks that are due become ready."""

from taskmill.core.task import SECOND
from taskmill.engine.notifier import Notifier

BATCH = 500


class Promote:
    name = "promote"
    wakes = True

    def __init__(self, notifier: Notifier, poll: float) -> None:
        self._notifier = notifier
        self._store = notifier.store
        self._poll = poll

    async def step(self) -> float:
        """Rests until the next task is due; at most `poll`, in case the news of a nearer one was missed."""
        promoted = await self._store.promote(BATCH)
        self._notifier.promoted(promoted.tasks)
        if len(promoted.tasks) == BATCH:
            return 0.0
        return await self._until(promoted.next_due)

    async def _until(self, due: int | None) -> float:
        if due is None:
            return self._poll
        return min(self._poll, max(0.0, (due - await self._store.clock()) / SECOND))
