"""Duty: final tasks past their retention are deleted."""

from collections.abc import Mapping

from taskmill.core.state import State
from taskmill.core.task import SECOND
from taskmill.engine.duties.loop import DutyTimings
from taskmill.stores.contract import Store

BATCH = 200
"""Small, so that claims wait little for it."""


class Purge:
    name = "purge"
    wakes = False

    def __init__(
        self,
        store: Store,
        retention: Mapping[State, float],
        timings: DutyTimings = DutyTimings(),  # noqa: B008
    ) -> None:
        self._store = store
        self._retention = retention
        self._timings = timings

    async def step(self) -> float:
        now = await self._store.clock()
        deleted = [
            await self._store.purge(BATCH, states=[state], before=now - round(kept * SECOND))
            for state, kept in self._retention.items()
        ]
        return self._timings.between_purge_batches if BATCH in deleted else self._timings.between_purges
