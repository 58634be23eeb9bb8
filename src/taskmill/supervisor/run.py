"""The supervisor: one plain loop over signals, the ends of children, and changed files."""

import contextlib
import logging
import os
import select
import signal
import time
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from taskmill.core.errors import StoreError, TaskmillError
from taskmill.core.outcome import Lost
from taskmill.core.standard_error import survive_readers, write
from taskmill.engine.duties.reap import give_back
from taskmill.engine.notifier import Notifier
from taskmill.executors.death import describe_death
from taskmill.sdk.backend import Backend
from taskmill.sdk.sync import run
from taskmill.stores.contract import Store
from taskmill.stores.open import open_store
from taskmill.supervisor.child import NEVER, Child
from taskmill.supervisor.plan import CANNOT_START, STORE_AWAY, Plan, SupervisorTimings
from taskmill.supervisor.preflight import check_start
from taskmill.supervisor.reload import FileWatcher
from taskmill.supervisor.silence import Silence

logger = logging.getLogger(__name__)

FUTILE_STARTS = 3
"""Of one process in a row; then another will not help."""


class PlainHandler(logging.Handler):
    """What the supervisor has to say, as it is."""

    def emit(self, record: logging.LogRecord) -> None:
        write(self.format(record) + "\n")


class DeadChild(NamedTuple):
    owner: str
    suspects: Collection[str]
    """Ids of the tasks that it ran when it died."""
    lost: Lost


def supervise(plan: Plan, on_ready: Callable[[], None] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. `on_ready` is called once, when all children are ready.

    Raises InvalidSettings for a library that is not installed, StoreError for a store that can't be written.
    """
    survive_readers({1, 2})
    logging.lastResort = PlainHandler(logging.WARNING)
    store = open_store(plan.store, durability=plan.durability)
    run(store.open())
    try:
        check_start(plan, store)
        with _signals() as signals, FileWatcher() if plan.reload else contextlib.nullcontext() as watcher:
            return Supervisor(plan, store, signals, watcher, on_ready or (lambda: None)).run()
    finally:
        run(store.close())


class Supervisor:
    def __init__(
        self,
        plan: Plan,
        store: Store,
        signals: int,
        watcher: FileWatcher | None,
        on_ready: Callable[[], None],
        timings: SupervisorTimings = SupervisorTimings(),  # noqa: B008
    ) -> None:
        """`signals`: a file descriptor from which the numbers of arriving signals can be read."""
        self._plan = plan
        self._store = store
        self._backend: Backend | None = None
        self._signals = signals
        self._watcher = watcher
        self._on_ready = on_ready
        self._timings = timings
        self._reported_ready = False
        self._exit_code = 0
        self._stopping = False
        self._dead: list[DeadChild] = []
        names = [f"worker-{number}" for number in range(1, plan.workers + 1)]
        self._workers = [Child(name, "taskmill.supervisor.worker", plan, timings) for name in names]
        self._children = list(self._workers)
        self._silences = [Silence(worker, store, plan.settings) for worker in self._workers]
        if plan.server is not None:
            self._children.append(Child("server", "taskmill.supervisor.server", plan, timings))

    def run(self) -> int:
        while True:
            self._look_after_children()
            if os.getpid() == 1:
                self._reap_orphans()
            self._give_back()
            if self._stopping and not any(child.process for child in self._children):
                return self._exit_code
            self._wait()

    def _look_after_children(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if (code := child.return_code()) is not None:
                self._on_end(child, code)
            if child.process is None and not self._stopping and child.start_at <= now:
                child.start()
            if child.process is not None and child.kill_at <= now:
                running = len(child.suspects())
                kept_by = child.kept_by or (f"{running} running tasks" if running else "nothing that it told of")
                logger.error("%s did not end in time and is killed; it was kept by %s", child.name, kept_by)
                child.kill()
                child.kill_at = now + 1.0  # it ends within moments
        for silence in self._silences:
            if silence.look_at <= now:
                silence.look(now)

    def _reap_orphans(self) -> None:
        """As the first process of a container, every process whose parent has ended is ours to wait for."""
        ours = {child.process.pid for child in self._children if child.process}
        with contextlib.suppress(ChildProcessError):  # there is none at all
            while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if ended.si_pid in ours:  # since it was asked for: the signal that tells of it is in the pipe
                    return
                os.waitpid(ended.si_pid, 0)

    def _on_end(self, child: Child, code: int) -> None:
        failure, suspects = describe_death(code, child.name), child.suspects()
        # One that should have ended and did not is killed for it, with whatever it runs.
        crashed = list(suspects.values()) == [False] and child.kill_at == NEVER
        self._dead.append(DeadChild(child.owner, suspects, Lost(failure, crashed)))
        was_ready = child.ready or suspects  # then the code may be a handler's choice
        says_nothing = was_ready or code in (STORE_AWAY, -signal.SIGKILL, -signal.SIGTERM)  # the last two: from outside
        child.futile_starts = 0 if says_nothing else child.futile_starts + 1
        drained = child.draining
        child.kill()  # what it started itself
        child.clean_up()
        if self._stopping or drained:  # drained: for the changed files
            return
        if self._watcher and child is not self._server and not was_ready and code != STORE_AWAY:
            child.start_at = float("inf")
            logger.error("%s could not start; it is started again when a file changes", child.name)
        elif not was_ready and (code == CANNOT_START or (child is self._server and code != STORE_AWAY)):
            self._exit_code = 1
            self._stop()
        elif child.futile_starts >= FUTILE_STARTS:
            logger.error("%s before it was ready, %d times in a row: stopping", failure.message, FUTILE_STARTS)
            self._exit_code = 1
            self._stop()
        else:
            logger.warning("%s; starting it again", failure.message)

    @property
    def _server(self) -> Child | None:
        return self._children[-1] if self._plan.server is not None else None

    def _give_back(self) -> None:
        """What a dead worker had claimed goes to the others at once; if the store fails, a little later.

        Under an owner of its own, so that what a failing store left half-way is found again by the next try.
        """
        settings = self._plan.settings
        while self._dead:
            dead = self._dead[0]
            try:
                successor = f"{dead.owner}/successor"
                work = give_back(
                    self._notifier(),
                    successor,
                    dead.owner,
                    settings.lease,
                    dead.suspects,
                    dead.lost,
                    settings.loss_limit,
                )
                run(work)
                run(self._store.drop_worker(dead.owner))
            except StoreError as error:
                logger.warning("could not give back the tasks of %s yet: %s", dead.owner, error)
                return
            except TaskmillError as error:
                logger.error("the tasks of %s could not be given back: %s", dead.owner, error)
            except Exception:  # whatever it is: the children must go on, and the leases run out
                logger.exception("the tasks of %s could not be given back", dead.owner)
            self._dead.pop(0)

    def _notifier(self) -> Notifier:
        """Made when it is needed: the client of a broker weighs more than the whole supervisor."""
        if self._backend is None:
            self._backend = Backend(self._plan.connection, "thread", self._store)
        return self._backend.notifier

    def _wait(self) -> None:
        """Until a signal comes, a child reports or ends (SIGCHLD), a file changes, or something is due."""
        speaking = {child.status_fd: child for child in self._children if not child.silent}
        watched = [] if self._watcher is None else [self._watcher.fd]
        readable, _, _ = select.select([self._signals, *watched, *speaking], [], [], self._timeout())
        for fd in readable:
            if fd == self._signals:
                self._on_signals(os.read(fd, 4096))
            elif fd in speaking:
                speaking[fd].on_status()
                self._report_ready()
            elif self._watcher is not None:
                self._on_files(self._watcher)

    def _timeout(self) -> float | None:
        """Seconds until something is due; None: nothing is."""
        now = time.monotonic()
        due = [child.kill_at for child in self._children if child.process]
        due += [silence.look_at for silence in self._silences]
        if not self._stopping:
            due += [child.start_at for child in self._children if not child.process]
        if self._dead:
            due.append(now + self._timings.store_retry)
        soonest = min(due, default=float("inf"))
        return None if soonest == float("inf") else max(0.0, soonest - now)

    def _report_ready(self) -> None:
        watching = self._watcher is None or self._watcher.ready
        if not self._reported_ready and watching and all(child.ready for child in self._children):
            self._reported_ready = True
            with contextlib.suppress(BrokenPipeError):  # nobody reads it
                self._on_ready()

    def _on_files(self, watcher: FileWatcher) -> None:
        changed = watcher.read()
        if changed is None:
            logger.error("files are not watched any more: the process that did it has ended")
            self._watcher = None
        self._report_ready()
        if not changed or self._stopping:
            return
        logger.warning(
            "%s changed: starting the workers again; running tasks get %g s", changed, self._plan.settings.grace
        )
        for worker in self._workers:
            worker.start_at = 0.0
            if worker.process is not None and not worker.draining:
                worker.drain(self._plan.settings.grace)

    def _on_signals(self, numbers: bytes) -> None:
        for number in numbers:
            if number == signal.SIGCHLD:
                continue
            if not self._stopping:
                grace = self._plan.settings.grace
                logger.warning("stopping: running tasks get %g s; once more to stop at once", grace)
            self._stop()

    def _stop(self) -> None:
        """Once: drain. Again: stop at once and give the tasks back."""
        for child in self._children:
            if self._stopping:
                child.stop_at_once()
            else:
                child.drain(self._plan.settings.grace)
        self._stopping = True


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
