"""A worker: claims tasks, runs their handlers in its slots, and settles what became of them.

pump    ── turn: save outcomes, claim more ──▶ store        one round trip a cycle
slots   take claims from the backlog, run the handler       engine/slots.py
ear     ready → the pump claims; cancel → an attempt is asked to stop
duties  heartbeat, reap, promote, purge                     engine/duties.py, in their own thread
"""

import asyncio
import logging
import random
import time
from collections.abc import Mapping, Sequence

from taskmill.core import machine
from taskmill.core.errors import StoreError
from taskmill.core.outcome import Interrupted, Outcome
from taskmill.core.state import FINAL, State
from taskmill.core.task import SECOND, Claim, Decision
from taskmill.engine.board import Board
from taskmill.engine.held import Held
from taskmill.engine.pace import Pace
from taskmill.engine.progress import Progress
from taskmill.engine.run import Run
from taskmill.engine.settings import WorkerSettings
from taskmill.engine.settle import decide
from taskmill.engine.slots import Slots
from taskmill.executors.contract import Executor, Handler
from taskmill.stores.contract import Store

logger = logging.getLogger(__name__)

PATIENCE = 0.25
"""Seconds a claim may wait for a slot before it is given back to others."""
SUSPECT = machine.LOSS_LIMIT - 1
"""Losses after which a task is the suspect."""
BACK_OFF = 0.5
FAREWELL = 5.0
"""Seconds to try to save the last outcomes while the store fails."""


class Worker:
    def __init__(
        self,
        store: Store,
        handlers: Mapping[str, Handler],
        executors: Mapping[str, Executor],
        settings: WorkerSettings,
        owner: str,
        board: Board | None = None,
    ) -> None:
        """`executors`: by the names that handlers use. `owner`: unique for each process ever started."""
        self._store = store
        self._handlers = handlers
        self._executors = executors
        self._settings = settings
        self._board = board
        self.owner = owner
        self.held = Held(store, owner)
        self._pace = Pace()
        self._progress = Progress(store, owner, settings.lease)
        self._outbox: list[tuple[Run, Outcome]] = []
        self._poke = asyncio.Event()
        self._quiet = asyncio.Event()
        self._look = True
        """Whether there may be ready tasks that nobody has looked for."""
        self._draining = False
        self._fed_at = 0.0
        self._epoch = 0
        """The store's time when the monotonic clock was 0."""

    async def run(self, drain: asyncio.Event, stop: asyncio.Event) -> None:
        """Work until `drain` is set; then running attempts get the grace period, or until `stop` is set."""
        self._set_clock(await self._store.clock())
        self._slots = Slots(self._settings.slots, self._handlers, self._ended, self._board)
        helpers = [asyncio.create_task(self._hear()), asyncio.create_task(self._pump())]
        await _first(None, drain, stop)
        self._give_back_backlog()
        self._draining = True
        await self._finish(stop)
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        await self._farewell()

    def check(self, ids: Sequence[str]) -> None:
        """These claims changed in the store (heard from the heartbeat)."""
        self._checking = asyncio.ensure_future(self.held.check(ids))

    # --- the pump

    async def _pump(self) -> None:
        while True:
            try:
                await self._cycle()
            except StoreError as error:
                logger.warning("the store failed, trying again: %s", error)
                await asyncio.sleep(BACK_OFF)

    async def _cycle(self) -> None:
        self._relieve_backlog()
        room = self._room()
        if not self._outbox and not room:
            await self._pause()
            return
        ended, self._outbox = self._outbox, []
        try:
            claims = await self._turn(ended, room)
        except BaseException:
            self._outbox = ended + self._outbox
            raise
        if claims:
            self._accept(claims)
        await asyncio.sleep(0)

    def _room(self) -> int:
        """How many tasks to claim now."""
        if self._draining or not self._look:
            return 0
        slots = self._slots
        return max(0, slots.count - slots.busy - slots.backlog + self._pace.ahead(slots.count))

    async def _turn(self, ended: list[tuple[Run, Outcome]], room: int) -> list[Claim]:
        now = self._now()
        decisions = [decide(run.claim, outcome, now, random.random(), run.lines) for run, outcome in ended]
        stale, claims = await self._store.turn(
            self.owner, decisions, round(self._settings.lease * SECOND), room, queues=self._settings.queues
        )
        if room:
            self._look = len(claims) == room
        if stale:
            decisions = await self._settle_stale(ended, decisions, set(stale))
        self._announce(decisions, ended)
        return claims

    async def _settle_stale(
        self, ended: list[tuple[Run, Outcome]], decisions: list[Decision], stale: set[str]
    ) -> list[Decision]:
        """Decide again on the newer head where the claim still stands; the others are somebody else's now."""
        tasks = await self._store.get(list(stale))
        for run, outcome in ended:
            id = run.claim.spec.id
            if id not in stale:
                continue
            if self.held.renew(run, tasks.get(id)):
                self._outbox.append((run, outcome))
            else:
                logger.warning("the outcome of task %s came too late and was refused", id)
                self.held.drop(id)
        return [decision for decision in decisions if decision.id not in stale]

    def _announce(self, decisions: list[Decision], ended: list[tuple[Run, Outcome]]) -> None:
        if not decisions:
            return
        for decision in decisions:
            self.held.drop(decision.id)
        bell = self._store.bell
        bell.ring("final", [decision.id for decision in decisions if decision.head.state in FINAL])
        if any(decision.head.state is State.SCHEDULED for decision in decisions):
            bell.ring("due", ())
        again = {decision.id for decision in decisions if decision.head.state is State.READY}
        if again:
            bell.ring("ready", {run.claim.spec.queue for run, _ in ended if run.claim.spec.id in again})

    def _accept(self, claims: list[Claim]) -> None:
        self._set_clock(claims[-1].head.started_at or 0)
        self._fed_at = time.monotonic()
        runs = [Run(claim, self._executor(claim), self._now, self._progress.note) for claim in claims]
        for run in runs:
            self.held.add(run)
        self._slots.feed(runs)

    def _executor(self, claim: Claim) -> Executor:
        """A suspect runs in a process of its own: it takes nobody along, and no neighbour's death is laid on it."""
        handler = self._handlers.get(claim.spec.task_type)
        alone = claim.head.losses >= SUSPECT
        return self._executors["processes" if alone or handler is None else handler.executor]

    async def _pause(self) -> None:
        """Until an attempt ends or something is ready; a slow look finds what was not heard."""
        rest = PATIENCE if self._slots.backlog else self._settings.poll
        timer = asyncio.get_running_loop().call_later(rest, self._slow_look)
        await self._poke.wait()
        self._poke.clear()
        timer.cancel()

    def _slow_look(self) -> None:
        self._look = True
        self._poke.set()

    def _relieve_backlog(self) -> None:
        """No claim waits long behind a busy slot while another worker may be idle."""
        if self._slots.backlog and time.monotonic() - self._fed_at > PATIENCE:
            self._pace.note_delay(PATIENCE)
            self._give_back_backlog()

    def _give_back_backlog(self) -> None:
        self._outbox += [(run, Interrupted()) for run in self._slots.take_back()]
        self._poke.set()

    def _ended(self, run: Run, outcome: Outcome, seconds: float) -> None:
        self._pace.note(seconds)
        self._outbox.append((run, outcome))
        self._poke.set()
        if not self._slots.busy:
            self._quiet.set()

    # --- the ear

    async def _hear(self) -> None:
        ear = self._store.bell.listen("ready", "cancel")
        try:
            while True:
                heard = await ear.wait(None)
                cancelled = [item for topic, item in heard if topic == "cancel"]
                if len(cancelled) < len(heard):
                    self._look = True
                    self._poke.set()
                if cancelled:
                    await self.held.check(cancelled)
        finally:
            ear.close()

    # --- the end

    async def _finish(self, stop: asyncio.Event) -> None:
        """Let running attempts end, within the grace period."""
        self._quiet.clear()
        if self._slots.busy:
            await _first(self._settings.grace, stop, self._quiet)
        await self._slots.stop()

    async def _farewell(self) -> None:
        deadline = time.monotonic() + FAREWELL
        while self._outbox:
            ended, self._outbox = self._outbox, []
            try:
                await self._turn(ended, 0)
            except StoreError as error:
                self._outbox = ended
                if time.monotonic() > deadline:
                    logger.error("%d outcomes could not be saved; their leases will run out: %s", len(ended), error)
                    return
                await asyncio.sleep(BACK_OFF)

    # --- the store's clock

    def _now(self) -> int:
        return self._epoch + time.monotonic_ns() // 1000

    def _set_clock(self, now: int) -> None:
        self._epoch = now - time.monotonic_ns() // 1000


async def _first(timeout: float | None, *events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
