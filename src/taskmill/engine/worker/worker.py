"""A worker: claims tasks, runs their handlers in its slots, and saves what became of them.

Several asyncio tasks; each wakes the pump by `self._poke`:

pump       save outcomes and claim more, in one round trip to the store a cycle       here
source     what to claim: whatever is ready in the queues, or a broker's tickets      sources.py, tickets.py
slots      run one claim after the other from a backlog                               slots.py, run.py
completer  outcomes become decisions, and wait until the store has saved them         completer.py, settle.py
in flight  the claims: which of them changed, and the progress they reported          in_flight.py
listener   of the store's bell: `ready` wakes the pump, `cancel` stops an attempt     here

The duties (heartbeat, reap, promote, purge, look out) run beside it in a thread of their own: engine/duties/thread.py.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from taskmill.brokers.contract import Broker
from taskmill.core.errors import StoreError
from taskmill.core.outcome import Interrupted, Outcome
from taskmill.core.task import SECOND, Claim
from taskmill.engine.notifier import Notifier
from taskmill.engine.store_failures import store_failures
from taskmill.engine.worker.board import Board
from taskmill.engine.worker.completer import Completer
from taskmill.engine.worker.in_flight import InFlight, ProgressWriter
from taskmill.engine.worker.run import Run
from taskmill.engine.worker.settings import WorkerSettings, WorkerTimings
from taskmill.engine.worker.share import ProcessShare
from taskmill.engine.worker.slots import MOST_AHEAD, Slots
from taskmill.engine.worker.sources import QueueSource, TicketSource
from taskmill.executors.contract import Executor, Handler
from taskmill.stores.contract import ClaimQuery

logger = logging.getLogger(__name__)

SUSPECT = 2
"""Losses after which a task is a suspect; one is enough if nothing else ran there."""
NOTHING = ClaimQuery(0)
DEFAULTS = WorkerTimings()


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
        timings: WorkerTimings = DEFAULTS,
    ) -> None:
        """`executors`: by the names that handlers use. `owner`: unique for each process ever started. `broker`: the one
        to which the notifier's tickets go."""
        self._notifier = notifier
        self._store = store = notifier.store
        self._broker = broker
        self.handlers = handlers
        self._executors = executors
        self._settings = settings
        self._timings = timings
        self._lease = round(settings.lease * SECOND)
        self._logged = notifier.logged if notifier.events else None
        self.owner = owner
        self.in_flight = InFlight(store, owner)
        self._slots = Slots(settings.slots, handlers, self._ended, board)
        self._share = ProcessShare(settings.processes, handlers)
        self._completer = Completer(notifier, self.in_flight, settings.loss_limit)
        self._progress = ProgressWriter(notifier, self.in_flight, owner, settings.lease, timings.progress_delay)
        self._poke = asyncio.Event()
        self._idle = asyncio.Event()
        self._changed: set[str] = set()
        """Ids of tasks in flight that changed in the store."""
        self._changes = asyncio.Event()
        self._draining = False
        self._save_until: float | None = None
        """When to give up saving (monotonic), once everything else has ended."""
        self._epoch = 0
        """The store's time when the monotonic clock was 0."""

    async def run(self, drain: asyncio.Event, stop: asyncio.Event) -> None:
        """Work until `drain` is set; then running attempts get the grace period, or until `stop` is set.

        Raises when a part of the worker ends by itself: half a worker would claim tasks that nobody runs.
        """
        self._set_clock(await self._store.clock())
        self._source = await self._make_source()
        async with asyncio.TaskGroup() as parts:
            works = (self._listen(), self._check_changed(), self._progress.write_forever())
            helpers = [parts.create_task(work) for work in works]  # first, to hear what comes after the first claim
            pump, serving = parts.create_task(self._pump()), parts.create_task(self._slots.serve())
            await _first(None, drain.wait(), stop.wait(), pump, serving, *helpers)
            if not (drain.is_set() or stop.is_set()):
                raise RuntimeError("a part of the worker was cancelled")
            self._draining = True
            self._give_back(self._slots.take_back())
            self._poke.set()
            self._idle.clear()
            if self._slots.busy:
                await _first(self._settings.grace, stop.wait(), self._idle.wait())
            for part in (serving, *helpers):
                part.cancel()
            await asyncio.wait((serving, *helpers))
            await self._source.close()
            self._save_until = time.monotonic() + self._timings.close_timeout
            self._poke.set()

    @property
    def busy(self) -> int:
        """Attempts in its slots: claims that wait for one, and outcomes on the way to the store, are not counted."""
        return self._slots.busy

    def check(self, ids: Iterable[str]) -> None:
        """These claims changed in the store."""
        self._changed.update(ids)
        self._changes.set()

    async def _make_source(self) -> QueueSource | TicketSource:
        queues = self._settings.queues
        if self._broker is None or self._notifier.tickets is None:
            return QueueSource(queues, self.handlers)
        known = [row.name for row in await self._store.queues()]
        capacity = self._settings.slots + MOST_AHEAD
        return TicketSource(
            self._broker, self._notifier, queues, known, self.handlers, capacity, self._poke.set, self._timings
        )

    # --- the pump

    async def _pump(self) -> None:
        while self._save_until is None or self._completer:
            try:
                await self._cycle()
                store_failures.fine("claims")
            except StoreError as error:
                store_failures.failed("claims", error)
                self._source.failed()
                if self._save_until and time.monotonic() > self._save_until:
                    logger.error("%d outcomes could not be saved; their leases will run out", len(self._completer))
                    return
                await asyncio.sleep(self._timings.failure_pause)

    async def _cycle(self) -> None:
        # No claim waits long behind a busy slot while another worker may be idle.
        self._give_back(self._slots.take_back(self._timings.idle_timeout))
        room = 0 if self._draining or self._share.shut else self._slots.room
        query = self._share.narrowed(self._source.query(room))
        if self._completer or query:
            await self._turn(query or NOTHING)
            await asyncio.sleep(0)
        else:
            await self._pause()

    async def _turn(self, query: ClaimQuery) -> None:
        await self._completer.settle_stale()
        decisions = self._completer.decisions(self._now())
        stale, claims = await self._store.turn(self.owner, decisions, self._lease, query)
        if claims:
            self._accept(claims)
            await asyncio.sleep(0)  # the slots begin before tickets are acknowledged
        if query.limit:
            self._source.claimed(query, claims)
            if self._share.look_again(query, len(claims)):
                self._source.notified()
        self._completer.saved(stale)

    def _accept(self, claims: list[Claim]) -> None:
        self._set_clock(claims[-1].head.started_at or 0)
        runs = [self._run(claim) for claim in claims]
        for run in runs:
            self.in_flight.add(run)
        fitting, excess = self._share.take(runs)
        self._slots.feed(fitting)
        self._notifier.started(claims)
        self._give_back(excess)
        if self._draining:  # they were on their way when it began
            self._give_back(self._slots.take_back())

    def _run(self, claim: Claim) -> Run:
        """A suspect gets a process of its own: it takes nobody along, and what becomes of its process tells whether it
        is to blame. Lost once among others is no suspicion yet: all of them would have to wait for a process."""
        suspect = claim.head.crashes or claim.head.losses >= SUSPECT
        name = "processes" if suspect else self.handlers[claim.spec.task_type].executor
        return Run(claim, self._executors[name], self._now, self._progress.note, self._logged, name == "processes")

    async def _pause(self) -> None:
        """Until an attempt ends or something is ready; a slow look finds what was not heard."""
        pause = self._timings.idle_timeout if self._slots.backlog else self._settings.poll
        timer = asyncio.get_running_loop().call_later(pause, self._poll)
        await self._poke.wait()
        self._poke.clear()
        timer.cancel()

    def _poll(self) -> None:
        self._source.poll()
        self._poke.set()

    def _give_back(self, runs: Iterable[Run]) -> None:
        """To other workers."""
        for run in runs:
            self._let_go(run)
            self._completer.put(run, Interrupted())

    def _ended(self, run: Run, outcome: Outcome) -> None:
        self._let_go(run)
        self._completer.put(run, outcome)
        self._poke.set()
        if not self._slots.busy:
            self._idle.set()

    def _let_go(self, run: Run) -> None:
        if self._share.free(run):
            self._source.notified()  # those that were left out of claims are looked for without news of them

    # --- what happens elsewhere

    async def _listen(self) -> None:
        listener = self._store.bell.listen("ready", "cancel")
        try:
            while True:
                news = await listener.wait(None)
                cancelled = [item for topic, item in news if topic == "cancel"]
                if len(cancelled) < len(news):
                    self._source.notified()
                    self._poke.set()
                if cancelled:
                    self.check(cancelled)
        finally:
            listener.close()

    async def _check_changed(self) -> None:
        while True:
            await self._changes.wait()
            self._changes.clear()
            changed, self._changed = self._changed, set()
            try:
                await self.in_flight.check(changed)
            except StoreError as error:
                logger.warning("changed tasks could not be read, trying again: %s", error)
                self.check(changed)
                await asyncio.sleep(self._timings.failure_pause)

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
