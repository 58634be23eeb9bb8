"""The supervisor: one plain loop over signals and the ends of children."""

import contextlib
import logging
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from taskmill.core.errors import StoreError
from taskmill.core.outcome import Lost
from taskmill.engine.duties.reap import give_back
from taskmill.engine.notifier import Notifier
from taskmill.executors.death import describe_death
from taskmill.sdk.backend import Backend
from taskmill.sdk.sync import run
from taskmill.stores.contract import Store
from taskmill.stores.open import open_store
from taskmill.supervisor.child import Child
from taskmill.supervisor.plan import CANNOT_START, STORE_AWAY, Plan

logger = logging.getLogger(__name__)

MARGIN = 5.0
"""Seconds beyond the grace period before a stopping child is killed."""
TICK = 1.0


class Dead(NamedTuple):
    owner: str
    suspects: set[str]
    lost: Lost


def supervise(plan: Plan, on_ready: Callable[[], None] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. `on_ready` is called once, when all children are ready."""
    store = open_store(plan.store, durability=plan.durability)
    run(store.open())
    try:
        with _signals() as pipe:
            return Supervisor(plan, store, pipe, on_ready or (lambda: None)).run()
    finally:
        run(store.close())


class Supervisor:
    def __init__(self, plan: Plan, store: Store, pipe: int, on_ready: Callable[[], None]) -> None:
        self._plan = plan
        self._store = store
        self._opened: Backend | None = None
        self._pipe = pipe
        self._on_ready = on_ready
        self._announced = False
        self._exit_code = 0
        self._stopping: float | None = None
        """When to kill what has not stopped."""
        self._dead: list[Dead] = []
        self._children = [
            Child(f"worker-{number}", "taskmill.supervisor.worker", plan) for number in range(1, plan.workers + 1)
        ]
        if plan.server is not None:
            self._children.append(Child("server", "taskmill.supervisor.server", plan))

    def run(self) -> int:
        while True:
            self._tend()
            if self._stopping and not any(child.process for child in self._children):
                return self._exit_code
            self._listen()

    def _tend(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if (code := child.ended()) is not None:
                self._on_end(child, code)
            if child.process is None and not self._stopping and child.start_at <= now:
                child.start()
            if self._stopping and now > self._stopping:
                child.kill()
        self._give_back()

    def _on_end(self, child: Child, code: int) -> None:
        failure, suspects = describe_death(code, child.name), child.suspects()
        self._dead.append(Dead(child.owner, suspects, Lost(failure)))
        child.kill()
        child.bury()
        started = child.ready or suspects  # then the code may be a handler's choice
        if not started and (code == CANNOT_START or (child.name == "server" and code != STORE_AWAY)):
            self._exit_code = 1
            self._stop()
        elif not self._stopping:
            logger.warning("%s; starting it again", failure.message)

    def _give_back(self) -> None:
        """What a dead worker held goes to the others at once; if the store fails, with the next tick.

        Under an owner of its own, so that what a failing store left half-way is found again by the next try.
        """
        lease = self._plan.settings.lease
        while self._dead:
            dead = self._dead[0]
            try:
                run(give_back(self._notifier(), f"{dead.owner}/heir", dead.owner, lease, dead.suspects, dead.lost))
                run(self._store.drop_worker(dead.owner))
            except StoreError as error:
                logger.warning("could not give back the tasks of %s yet: %s", dead.owner, error)
                return
            except Exception:  # whatever it is: the children must go on, and the leases run out
                logger.exception("the tasks of %s could not be given back", dead.owner)
            self._dead.pop(0)

    def _notifier(self) -> Notifier:
        """Made when it is needed: the client of a broker weighs more than the whole supervisor."""
        if self._opened is None:
            self._opened = Backend(self._plan.place, "thread", self._store)
        return self._opened.notifier

    def _listen(self) -> None:
        waiting = {child.status_fd: child for child in self._children if child.starting}
        ready, _, _ = select.select([self._pipe, *waiting], [], [], self._rest())
        for fd in ready:
            if fd == self._pipe:
                self._on_signals(os.read(self._pipe, 4096))
            else:
                self._on_status(waiting[fd])

    def _rest(self) -> float | None:
        """Nothing to do until a child ends or a signal comes, unless something is planned."""
        planned = self._dead or self._stopping or any(child.process is None for child in self._children)
        return TICK if planned and self._dead else 0.1 if planned else None

    def _on_status(self, child: Child) -> None:
        child.starting = False
        child.ready = bool(os.read(child.status_fd, 16))  # nothing: it died
        if not self._announced and all(child.ready for child in self._children):
            self._announced = True
            self._on_ready()

    def _on_signals(self, numbers: bytes) -> None:
        for number in numbers:
            if number == signal.SIGCHLD:
                continue
            if self._stopping is None:
                grace = self._plan.settings.grace
                logger.warning("stopping: running tasks get %g s; once more to stop at once", grace)
            self._stop()

    def _stop(self) -> None:
        """Once: drain. Again: stop at once and give the tasks back.

        Two different signals, because the kernel makes one of two equal ones that come fast.
        """
        again, grace = self._stopping is not None, self._plan.settings.grace
        self._stopping = time.monotonic() + (MARGIN if again else grace + MARGIN)
        for child in self._children:
            child.signal(signal.SIGUSR1 if again else signal.SIGTERM)


@contextlib.contextmanager
def _signals() -> Iterator[int]:
    """A pipe from which the numbers of arriving signals can be read."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    previous = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    numbers = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)
    handlers = [signal.signal(number, lambda *_: None) for number in numbers]
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(previous)
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)
