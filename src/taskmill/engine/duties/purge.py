"""Duty: final tasks past their retention are deleted."""

from collections.abc import Mapping

from taskmill.core.state import State
from taskmill.core.task import SECOND
from taskmill.stores.contract import Store

BATCH = 200
"""Small, so that claims wait little for it."""
REST = 60.0
BETWEEN = 0.05


class Purge:
    name = "purge"
    wakes = False

    def __init__(self, store: Store, retention: Mapping[State, float]) -> None:
        self._store = store
        self._retention = retention

    async def step(self) -> float:
        now = await self._store.clock()
        deleted = [
            await self._store.purge(BATCH, states=[state], before=now - round(kept * SECOND))
            for state, kept in self._retention.items()
        ]
        return BETWEEN if BATCH in deleted else REST
