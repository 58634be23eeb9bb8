"""A worker that computes and cannot say that it lives: its supervisor says so for it.

C code that holds the interpreter lock stops the worker's heartbeat, and the leases of all its tasks would run out. The
supervisor is a process of its own: it renews them while the worker computes, and no longer than the tasks themselves
may take. One that is frozen, asleep or waits gets no such help.
"""

import logging
from collections.abc import Mapping

from taskmill.core.errors import StoreError
from taskmill.core.task import SECOND
from taskmill.engine.worker.computing import SHARE, most_used, thread_times
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.sdk.sync import run
from taskmill.stores.contract import Store
from taskmill.supervisor.child import Child

logger = logging.getLogger(__name__)

WITHOUT_TIMEOUT = 3600.0
"""Seconds of silence for which a worker is helped whose tasks have no timeout."""


class Silence:
    """Of one worker."""

    def __init__(self, child: Child, store: Store, settings: WorkerSettings) -> None:
        self._child = child
        self._store = store
        self._settings = settings
        self._owner = ""
        self._times: Mapping[int, float] = {}
        self._looked_at = 0.0
        self._warned = False
        self.look_at = 0.0
        """When to look again (monotonic)."""

    def look(self, now: float) -> None:
        if not self._child.ready or self._child.process is None:
            self.look_at = now + self._settings.lease / 4
            return
        if self._owner != self._child.owner:
            self._owner, self._times, self._warned = self._child.owner, {}, False
        due = self._child.beaten_at() + min(self._settings.lease / 2, self._settings.lease / 3 + 5.0)
        if due > now:  # it beats
            self._times, self._warned, self.look_at = {}, False, due
            return
        before, self._times = dict(self._times), thread_times(self._child.process.pid)
        passed, self._looked_at = now - self._looked_at, now
        self.look_at = now + self._settings.lease / 8
        if before and self._times and most_used(before, self._times)[1] >= SHARE * passed:
            try:
                self._help(now - self._child.beaten_at())
            except StoreError as error:
                logger.warning("the leases of %s could not be renewed: %s", self._child.name, error)

    def _help(self, silent: float) -> None:
        tasks = run(self._store.get(list(self._child.suspects()))).values()
        now = run(self._store.clock())
        ends = [
            (head.started_at or now) + spec.timeout
            if spec.timeout
            else now + WITHOUT_TIMEOUT * SECOND - silent * SECOND
            for spec, head in tasks
        ]
        allowed = bool(ends) and now < max(ends) + self._settings.grace * SECOND
        if not self._warned:
            self._warned = True
            logger.warning(
                "%s computes and has given no sign of life for %.0f s: one of its tasks holds the interpreter (%s)",
                self._child.name,
                silent,
                ", ".join(sorted({spec.task_type for spec, _ in tasks})) or "none is known",
            )
        if allowed:
            run(self._store.sustain(self._owner, round(self._settings.lease * SECOND)))
