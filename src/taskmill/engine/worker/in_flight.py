"""The claims a worker holds, from the claim until its end is saved."""

import logging
from collections.abc import Iterable

from taskmill.core.state import State
from taskmill.core.task import Claim, Head, Task
from taskmill.engine.worker.run import Run
from taskmill.stores.contract import ANY, Beat, Store

logger = logging.getLogger(__name__)


class InFlight:
    def __init__(self, store: Store, owner: str) -> None:
        self._store = store
        self._owner = owner
        self._runs: dict[str, Run] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def add(self, run: Run) -> None:
        self._runs[run.task.id] = run

    def drop(self, run: Run) -> None:
        """The task itself may be held again already, by a later claim."""
        if self._runs.get(run.task.id) is run:
            del self._runs[run.task.id]

    def beats(self) -> list[Beat]:
        """Signs of life for all of them; safe to call from another thread."""
        return [beat(run) for run in list(self._runs.values())]

    def has(self, run: Run) -> bool:
        return self._runs.get(run.task.id) is run

    async def check(self, ids: Iterable[str]) -> None:
        """Somebody changed these tasks: stop what was cancelled or is not ours any more.

        Of an attempt that has ended, its own outcome may be the change.
        """
        asked = set(ids)
        mine = [id for id in self._runs if id in asked or ANY in asked]
        tasks = await self._store.get(mine) if mine else {}
        for id in mine:
            run = self._runs.get(id)
            if run is not None and not run.ended and self._changed(run, tasks.get(id)):
                run.stop()

    def _changed(self, run: Run, task: Task | None) -> bool:
        if task is not None and task.head.version == run.claim.head.version:
            return False
        if not self.renew(run, task):
            logger.warning("task %s is not held by this worker any more; stopping its attempt", run.task.id)
        return True

    def renew(self, run: Run, task: Task | None) -> bool:
        """Whether the claim still stands; if so the run goes on with the newer head.

        The one change that leaves a claim standing is the request to cancel: exactly one version more.
        """
        if task is None or not _asked_to_stop(run.claim.head, task.head, self._owner):
            return False
        run.claim = Claim(task.spec, task.head)
        return True


def beat(run: Run) -> Beat:
    return Beat(run.task.id, run.claim.head.version, run.told)


def _asked_to_stop(held: Head, now: Head, owner: str) -> bool:
    return (
        now.state is State.RUNNING
        and now.cancel
        and now.lease_owner == owner
        and now.version == held.version + 1
        and now.started_at == held.started_at
    )
