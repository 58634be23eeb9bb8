"""Duty: a worker says that it lives: its row in the registry, and the leases of what it holds."""

from collections.abc import Callable, Sequence

from taskmill.core.task import SECOND
from taskmill.stores.contract import Beat, Store, WorkerRow

LONGEST_REST = 5.0
"""Seconds; so that a long lease does not make a worker look dead (engine/live/why.py)."""


class Heartbeat:
    name = "heartbeat"
    wakes = False

    def __init__(
        self,
        store: Store,
        lease: float,
        row: Callable[[], WorkerRow],
        held: Callable[[], Sequence[Beat]],
        on_changed: Callable[[Sequence[str]], None],
        on_beat: Callable[[], None],
    ) -> None:
        """`held`: the claims to extend. `on_changed` hears the ids that are not these claims any more."""
        self._store = store
        self._lease = lease
        self._row = row
        self._held = held
        self._on_changed = on_changed
        self._on_beat = on_beat

    async def step(self) -> float:
        row = self._row()
        await self._store.put_worker(row)
        beats = self._held()
        if beats:
            changed = await self._store.extend(row.id, beats, round(self._lease * SECOND))
            if changed:
                self._on_changed(changed)
        self._on_beat()
        return min(self._lease / 3, LONGEST_REST)
