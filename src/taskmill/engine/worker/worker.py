"""A worker: claims tasks, runs their handlers in its slots, and settles what became of them.

pump    ── turn: save outcomes, claim more ──▶ store        one round trip a cycle
slots   take claims from the backlog, run the handler       engine/worker/slots.py
intake  by queue, or by the broker's tickets: what to claim  engine/worker/sources.py
ear     ready → the pump claims; cancel → an attempt is asked to stop
duties  heartbeat, reap, promote, purge                     engine/duties/thread.py, in their own thread
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from taskmill.brokers.contract import Broker
from taskmill.core import machine
from taskmill.core.errors import StoreError
from taskmill.core.outcome import Interrupted, Outcome
from taskmill.core.task import SECOND, Claim
from taskmill.engine.notifier import Notifier
from taskmill.engine.worker.board import Board
from taskmill.engine.worker.completer import Completer
from taskmill.engine.worker.in_flight import InFlight
from taskmill.engine.worker.prefetch import MOST, AdaptivePrefetch
from taskmill.engine.worker.progress import ProgressWriter
from taskmill.engine.worker.run import Run
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.engine.worker.slots import Slots
from taskmill.engine.worker.sources import QueueSource, TicketSource
from taskmill.executors.contract import Executor, Handler
from taskmill.stores.contract import ClaimQuery

logger = logging.getLogger(__name__)

PATIENCE = 0.25
"""Seconds a claim may wait for a slot before it is given back to others."""
SUSPECT = machine.LOSS_LIMIT - 1
"""Losses after which a task is the suspect."""
BACK_OFF = 0.5
NOTHING = ClaimQuery(0)
FAREWELL = 5.0
"""Seconds to try to save the last outcomes while the store fails."""


class Worker:
    def __init__(
        self,
        notifier: Notifier,
        handlers: Mapping[str, Handler],
        executors: Mapping[str, Executor],
        settings: WorkerSettings,
        owner: str,
        board: Board | None = None,
        broker: Broker | None = None,
    ) -> None:
        """`executors`: by the names that handlers use. `owner`: unique for each process ever started. `broker`: the one
        to which the mill's tickets go."""
        self._notifier = notifier
        self._store = store = notifier.store
        self._broker = broker
        self._handlers = handlers
        self._executors = executors
        self._settings = settings
        self._board = board
        self._lease = round(settings.lease * SECOND)
        self._logged = notifier.logged if notifier.events else None
        self.owner = owner
        self.held = InFlight(store, owner)
        self._pace = AdaptivePrefetch()
        self._outbox = Completer(notifier, self.held)
        self._progress = ProgressWriter(notifier, self.held, owner, settings.lease)
        self._poke = asyncio.Event()
        self._quiet = asyncio.Event()
        self._doubts: set[str] = set()
        """Held tasks that changed in the store."""
        self._doubted = asyncio.Event()
        self._draining = False
        self._farewell: float | None = None
        """When to give up saving (monotonic), once everything else has ended."""
        self._fed_at = 0.0
        self._epoch = 0
        """The store's time when the monotonic clock was 0."""

    async def run(self, drain: asyncio.Event, stop: asyncio.Event) -> None:
        """Work until `drain` is set; then running attempts get the grace period, or until `stop` is set.

        Raises when a part of the worker ends by itself: half a worker would hold tasks that nobody runs.
        """
        self._set_clock(await self._store.clock())
        self._intake = await self._open_intake()
        self._slots = Slots(self._settings.slots, self._handlers, self._ended, self._board)
        async with asyncio.TaskGroup() as parts:
            works = (self._hear(), self._take(), self._check_doubts(), self._progress.write_forever())
            helpers = [parts.create_task(work) for work in works]  # first, to hear what comes after the first claim
            pump, serving = parts.create_task(self._pump()), parts.create_task(self._slots.serve())
            await _first(None, drain.wait(), stop.wait(), pump, serving, *helpers)
            if not (drain.is_set() or stop.is_set()):
                raise RuntimeError("a part of the worker was cancelled")
            self._draining = True
            self._give_back_backlog()
            await self._finish(stop)
            for part in (serving, *helpers):
                part.cancel()
            await asyncio.wait((serving, *helpers))
            await self._intake.close()
            self._farewell = time.monotonic() + FAREWELL
            self._poke.set()

    def check(self, ids: Iterable[str]) -> None:
        """These claims changed in the store."""
        self._doubts.update(ids)
        self._doubted.set()

    # --- the pump

    async def _pump(self) -> None:
        while self._farewell is None or self._outbox:
            try:
                await self._cycle()
            except StoreError as error:
                logger.warning("the store failed, trying again: %s", error)
                self._intake.failed()
                if self._farewell and time.monotonic() > self._farewell:
                    logger.error("%d outcomes could not be saved; their leases will run out", len(self._outbox))
                    return
                await asyncio.sleep(BACK_OFF)

    async def _cycle(self) -> None:
        self._relieve_backlog()
        wish = None if self._draining else self._intake.wish(self._room())
        if self._outbox or wish:
            await self._turn(wish or NOTHING)
            await asyncio.sleep(0)
        else:
            await self._pause()

    def _room(self) -> int:
        """How many more tasks to hold."""
        slots = self._slots
        return slots.count - slots.busy - slots.backlog + self._pace.ahead(slots.count)

    async def _turn(self, wish: ClaimQuery) -> None:
        await self._outbox.settle_stale()
        decisions = self._outbox.decisions(self._now())
        stale, claims = await self._store.turn(self.owner, decisions, self._lease, wish)
        if claims:
            self._accept(claims)
            await asyncio.sleep(0)  # the slots begin before tickets are acknowledged
        if wish.limit:
            self._intake.claimed(wish, claims)
        self._outbox.saved(stale)

    def _accept(self, claims: list[Claim]) -> None:
        self._set_clock(claims[-1].head.started_at or 0)
        self._fed_at = time.monotonic()
        runs = [Run(claim, self._executor(claim), self._now, self._progress.note, self._logged) for claim in claims]
        for run in runs:
            self.held.add(run)
        self._slots.feed(runs)
        self._notifier.started(claims)
        if self._draining:  # they were on their way when it began
            self._give_back_backlog()

    def _executor(self, claim: Claim) -> Executor:
        """A suspect runs in a process of its own: it takes nobody along, and no neighbour's death is laid on it."""
        handler = self._handlers.get(claim.spec.task_type)
        alone = claim.head.losses >= SUSPECT
        return self._executors["processes" if alone or handler is None else handler.executor]

    async def _pause(self) -> None:
        """Until an attempt ends or something is ready; a slow look finds what was not heard."""
        rest = PATIENCE if self._slots.backlog or self._intake.waiting() else self._settings.poll
        timer = asyncio.get_running_loop().call_later(rest, self._slow_look)
        await self._poke.wait()
        self._poke.clear()
        timer.cancel()

    def _slow_look(self) -> None:
        self._intake.look()
        self._poke.set()

    def _relieve_backlog(self) -> None:
        """No claim waits long behind a busy slot while another worker may be idle."""
        if self._slots.backlog and time.monotonic() - self._fed_at > PATIENCE:
            self._pace.note_delay(PATIENCE)
            self._give_back_backlog()
        if self._intake.tired():
            self._intake.give_back()

    def _give_back_backlog(self) -> None:
        for run in self._slots.take_back():
            self._outbox.put(run, Interrupted())
        self._poke.set()

    def _ended(self, run: Run, outcome: Outcome, seconds: float) -> None:
        self._pace.note(seconds)
        self._outbox.put(run, outcome)
        self._poke.set()
        if not self._slots.busy:
            self._quiet.set()

    async def _take(self) -> None:
        while True:
            await self._intake.take()
            self._poke.set()

    async def _open_intake(self) -> QueueSource | TicketSource:
        queues = self._settings.queues
        if self._broker is None or self._notifier.tickets is None:
            return QueueSource(queues)
        known = [row.name for row in await self._store.queues()]
        return TicketSource(
            self._broker, self._notifier.tickets, queues, known, self._settings.slots + MOST, self._poke.set
        )

    # --- the ear

    async def _hear(self) -> None:
        ear = self._store.bell.listen("ready", "cancel")
        try:
            while True:
                heard = await ear.wait(None)
                cancelled = [item for topic, item in heard if topic == "cancel"]
                if len(cancelled) < len(heard):
                    self._intake.rung()
                    self._poke.set()
                if cancelled:
                    self.check(cancelled)
        finally:
            ear.close()

    async def _check_doubts(self) -> None:
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            doubts, self._doubts = self._doubts, set()
            try:
                await self.held.check(doubts)
            except StoreError as error:
                logger.warning("changed tasks could not be read, trying again: %s", error)
                self.check(doubts)
                await asyncio.sleep(BACK_OFF)

    # --- the end

    async def _finish(self, stop: asyncio.Event) -> None:
        """Let running attempts end, within the grace period."""
        self._quiet.clear()
        if self._slots.busy:
            await _first(self._settings.grace, stop.wait(), self._quiet.wait())

    # --- the store's clock

    def _now(self) -> int:
        return self._epoch + time.monotonic_ns() // 1000

    def _set_clock(self, now: int) -> None:
        self._epoch = now - time.monotonic_ns() // 1000


async def _first(timeout: float | None, *awaited: Coroutine[Any, Any, object] | asyncio.Task[None]) -> None:
    """Until one of them is done. Tasks go on."""
    waits = [asyncio.ensure_future(one) for one in awaited]
    try:
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait, one in zip(waits, awaited, strict=True):
            if wait is not one:
                wait.cancel()
