"""Duty: a worker says that it lives: its row in the registry, and the leases of its claims."""

from collections.abc import Callable, Sequence

from taskmill.core.task import SECOND
from taskmill.stores.contract import Beat, Store, WorkerRow


class Heartbeat:
    name = "heartbeat"
    wakes = False

    def __init__(
        self,
        store: Store,
        lease: float,
        longest_rest: float,
        row: Callable[[], WorkerRow],
        claims: Callable[[], Sequence[Beat]],
        on_changed: Callable[[Sequence[str]], None],
        on_beat: Callable[[], None],
    ) -> None:
        """`claims`: those to extend. `on_changed` is given the ids of tasks that are not these claims any more."""
        self._store = store
        self._lease = lease
        self._longest_rest = longest_rest
        self._row = row
        self._claims = claims
        self._on_changed = on_changed
        self._on_beat = on_beat

    async def step(self) -> float:
        row = self._row()
        await self._store.put_worker(row)
        claims = self._claims()
        if claims:
            changed = await self._store.extend(row.id, claims, round(self._lease * SECOND))
            if changed:
                self._on_changed(changed)
        self._on_beat()
        return min(self._lease / 3, self._longest_rest)
