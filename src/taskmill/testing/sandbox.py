"""A sandbox: the app's tasks are kept in memory, and run in the test's own thread when it says so."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, NamedTuple

from taskmill.core.errors import InvalidRequest, UnknownTaskType
from taskmill.core.outcome import Outcome, Raised, Retry, TimedOut
from taskmill.core.state import State
from taskmill.core.task import SECOND, Claim, Decision
from taskmill.core.task import Task as Stored
from taskmill.engine.duties.expire import end_expired
from taskmill.engine.duties.reap import VANISHED, settle_lost
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.run import Run
from taskmill.engine.worker.settle import decide
from taskmill.executors.call import is_async
from taskmill.portal import in_loop
from taskmill.sdk.app import App
from taskmill.sdk.foreign import encoder
from taskmill.sdk.sync import run
from taskmill.sdk.task import Task
from taskmill.stores.contract import ClaimQuery, TaskFilter
from taskmill.testing.clients import SandboxClients
from taskmill.testing.clock import Clock, ClockedStore
from taskmill.testing.direct import Direct

OWNER = "sandbox"
LEASE = 15 * SECOND
CHANCE = 0.5
"""The jitter of retries: always the middle."""
MANY = 100_000


class End(NamedTuple):
    run: Run
    outcome: Outcome
    error: Exception | None


Perform = Callable[[Claim], Awaitable[End]]


class Sandbox:
    """Use it as a context manager; with unittest: `box = self.enterContext(Sandbox(app))`.

    Tasks go through the same states as in production, by the same code; handlers of every executor run in the test's
    own thread. `inline`: enqueue runs the task at once, its retries too, so that `handle.result()` gives or raises
    what it would in production; without it, tasks wait for `drain()`. A timeout can end only `async def` handlers here.
    """

    def __init__(self, app: App, *, inline: bool = False) -> None:
        self.clock = Clock()
        self._app = app
        self._inline = inline
        self._store = ClockedStore(self.clock)
        self._notifier = Notifier(self._store)
        self._runner = asyncio.Runner()

    def __enter__(self) -> "Sandbox":
        self._before = self._app.clients
        self._app.clients = SandboxClients(self._store, self.clock, self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._app.clients = self._before
        self._runner.close()

    def drain(self, *, raise_errors: bool = True) -> int:
        """Run everything that is ready, and what that enqueues, until nothing is left; returns how many attempts.

        What a handler raises is raised here too, once it is recorded; with raise_errors=False it is only recorded.
        """
        return run(self._work(None, self._here, raise_errors))

    async def adrain(self, *, raise_errors: bool = True) -> int:
        """As `drain`, on the running event loop."""
        return await self._work(None, self._on_loop, raise_errors)

    def enqueued(self, task: Task[..., Any] | None = None, **parameters: Any) -> list[Stored]:
        """The tasks enqueued in this sandbox (of that type, with these parameters among theirs), oldest first."""
        where = TaskFilter(task_types=(task.name,) if task else ())
        wanted = json.loads(encoder.encode(parameters))
        found = run(self._store.find(where, MANY)).tasks
        return [stored for stored in reversed(found) if wanted.items() <= _parameters(stored).items()]

    def assert_enqueued(self, task: Task[..., Any], **parameters: Any) -> Stored:
        """Fails unless such a task was enqueued, whatever became of it; returns the latest."""
        found = self.enqueued(task, **parameters)
        if found:
            return found[-1]
        others = "\n".join(f"  {one.spec.task_type} {one.spec.parameters}" for one in self.enqueued()) or "  nothing"
        raise AssertionError(f"no {task.name} was enqueued with {parameters}; there was\n{others}")

    def stored(self, ids: list[str]) -> None:
        if self._inline and ids:
            run(self._work(ids, self._here, raise_errors=False))

    async def astored(self, ids: list[str]) -> None:
        if self._inline and ids:
            await self._work(ids, self._on_loop, raise_errors=False)

    async def _work(self, ids: Sequence[str] | None, perform: Perform, raise_errors: bool) -> int:
        count = 0
        while claim := await self._next(ids):
            end = await perform(claim)
            await self._settle(claim, end)
            count += 1
            if raise_errors and isinstance(end.outcome, Raised | TimedOut):
                kind = (
                    TimeoutError if isinstance(end.outcome, TimedOut) else ValueError
                )  # a result that can't be stored
                raise end.error or kind(end.outcome.failure.message)
        return count

    async def _next(self, ids: Sequence[str] | None) -> Claim | None:
        now = self.clock.now()
        lost = await self._store.reclaim(OWNER, LEASE, MANY, now=now)
        await settle_lost(self._notifier, None, [(claim, VANISHED) for claim in lost])
        await self._store.promote(MANY, now)
        await end_expired(self._notifier, now)
        claims = await self._store.claim(OWNER, LEASE, ClaimQuery(1, ids=ids), now=now)
        return claims[0] if claims else None

    async def _settle(self, claim: Claim, end: End) -> None:
        spec = claim.spec
        head = (await self._store.get([spec.id]))[spec.id].head  # it may have been cancelled meanwhile
        current = Claim(spec, head._replace(progress=end.run.latest_progress))
        decision = decide(current, end.outcome, self.clock.now(), CHANCE, end.run.lines)
        await self._store.save([self._at_once(decision, end.outcome) if self._inline else decision])

    def _at_once(self, decision: Decision, outcome: Outcome) -> Decision:
        """Retries that don't wait."""
        if decision.head.state is not State.SCHEDULED or not isinstance(outcome, Raised | TimedOut | Retry):
            return decision
        return decision._replace(head=decision.head._replace(state=State.READY, run_at=self.clock.now()))

    async def _here(self, claim: Claim) -> End:
        """Without an event loop around a plain function, as in a worker's thread."""
        if not is_async(self._task(claim).fn):
            untimed = Claim(claim.spec._replace(timeout=None), claim.head)
            return run(self._attempt(untimed))
        if in_loop():
            raise InvalidRequest(
                f"'{claim.spec.task_type}' is async and can't run inside a call that blocks the event loop",
                hint="use `await task.aenqueue(...)` and `await box.adrain()` in async code",
            )
        return self._runner.run(self._attempt(claim))

    async def _on_loop(self, claim: Claim) -> End:
        return await asyncio.create_task(self._attempt(claim))

    async def _attempt(self, claim: Claim) -> End:
        direct = Direct()
        one = Run(claim, direct, self.clock.now, lambda _: None)
        return End(one, await one.perform(self._task(claim)), direct.error)

    def _task(self, claim: Claim) -> Task[..., Any]:
        task = self._app.tasks.get(claim.spec.task_type)
        if task is None:
            raise UnknownTaskType(f"this app has no task type '{claim.spec.task_type}'")
        return task


def _parameters(stored: Stored) -> dict[str, Any]:
    parameters: dict[str, Any] = json.loads(stored.spec.parameters)
    return parameters
