"""The slots of a worker: each runs one attempt after the other from a common backlog.

Short tasks are claimed in batches, ahead of the slots that will be free for them; long ones only for free slots. A slot
whose handlers never wait goes from one to the next without letting the event loop run between them, for a few
milliseconds at most.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from taskmill.core.outcome import Interrupted, Outcome
from taskmill.engine.worker.board import Board
from taskmill.engine.worker.logs import log_start
from taskmill.engine.worker.logs import logger as attempts
from taskmill.engine.worker.run import Run
from taskmill.executors.call import raised
from taskmill.executors.contract import Handler

logger = logging.getLogger(__name__)

LOOP_INTERVAL = 0.005
"""Seconds for which a slot may run attempts without a rest for the event loop."""
INSIST = 1.0
"""Seconds after which an attempt that ignores its cancellation is cancelled again."""
HORIZON = 0.02
"""Seconds of work to claim beyond the free slots."""
MOST_AHEAD = 500
"""Claims at most beyond the free slots."""
WEIGHT = 0.2
"""Of the latest attempt in the average of how long they take."""


class Slots:
    def __init__(
        self,
        count: int,
        handlers: Mapping[str, Handler],
        on_ended: Callable[[Run, Outcome], None],
        board: Board | None,
    ) -> None:
        self.count = count
        self.busy = 0
        self._handlers = handlers
        self._on_ended = on_ended
        self._board = board
        self._backlog: deque[Run] = deque()
        self._fed_at = 0.0
        self._free: deque[asyncio.Future[None]] = deque()
        """Of slots that wait for a claim."""
        self._ending = False
        self._prefetch = AdaptivePrefetch()
        self._tells_starts = False

    @property
    def backlog(self) -> int:
        return len(self._backlog)

    @property
    def room(self) -> int:
        """How many more tasks to claim."""
        return self.count - self.busy - len(self._backlog) + self._prefetch.ahead(self.count)

    def feed(self, runs: Iterable[Run]) -> None:
        self._backlog.extend(runs)
        self._fed_at = time.monotonic()
        self._tells_starts = attempts.isEnabledFor(logging.DEBUG)
        for _ in range(min(len(self._backlog), len(self._free))):
            free = self._free.popleft()
            if not free.done():
                free.set_result(None)

    def take_back(self, waited: float = 0.0) -> list[Run]:
        """Empty the backlog, if its claims have waited for a slot so long."""
        if not self._backlog or time.monotonic() - self._fed_at < waited:
            return []
        self._prefetch.note_delay(waited)
        runs = list(self._backlog)
        self._backlog.clear()
        return runs

    async def serve(self) -> None:
        """Until it is cancelled: that ends every attempt, and each is reported as interrupted."""
        slots = {asyncio.create_task(self._serve(number)) for number in range(self.count)}
        try:
            ended, _ = await asyncio.wait(slots, return_when=asyncio.FIRST_COMPLETED)
            ended.pop().result()
            raise RuntimeError("a slot ended by itself")
        finally:
            self._ending = True
            await _end(slots)

    async def _serve(self, slot: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        rested = time.monotonic()
        while not self._ending:
            if not self._backlog:
                free: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._free.append(free)
                await free
                rested = time.monotonic()
                continue
            began = time.monotonic()
            if began - rested > LOOP_INTERVAL:
                await asyncio.sleep(0)
                rested = time.monotonic()
                continue
            await self._perform(slot, self._backlog.popleft(), began)
            if task.cancelling():
                await _clear_cancels(task)

    async def _perform(self, slot: int, run: Run, began: float) -> None:
        self.busy += 1
        outcome: Outcome = Interrupted()
        if self._board:
            self._board.put(slot, run.task.id, run.apart)
        if self._tells_starts:
            log_start(run)
        try:
            outcome = await run.perform(self._handlers[run.task.task_type])
        except asyncio.CancelledError as error:
            if not self._ending:  # then it was the handler itself that cancelled this asyncio task
                outcome = raised(error)
        except Exception as error:  # the executor's own, such as no process to be had: the slot must go on
            logger.exception("task %s could not be run", run.task.id)
            outcome = raised(error)
        finally:
            if self._board:
                self._board.clear(slot)
            self.busy -= 1
            run.took = time.monotonic() - began
            self._prefetch.note(run.took)
            self._on_ended(run, outcome)


async def _end(slots: set[asyncio.Task[None]]) -> None:
    while slots:
        for slot in slots:
            slot.cancel()
        _, slots = await asyncio.wait(slots, timeout=INSIST)


async def _clear_cancels(task: asyncio.Task[None]) -> None:
    """A handler left them behind; they must not hit the next attempt, nor this slot."""
    while task.cancelling():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)  # where the latest is raised, if it was not yet
        task.uncancel()


class AdaptivePrefetch:
    """How many tasks to claim ahead, by a moving average of how long an attempt keeps its slot."""

    def __init__(self) -> None:
        self._seconds = HORIZON

    def note(self, seconds: float) -> None:
        self._seconds += WEIGHT * (seconds - self._seconds)

    def ahead(self, slots: int) -> int:
        """Tasks that `slots` are expected to finish within the horizon."""
        return min(MOST_AHEAD, int(slots * HORIZON / max(self._seconds, 1e-6)))

    def note_delay(self, seconds: float) -> None:
        """Claims had to wait for a slot so long: they were not short after all."""
        self._seconds = max(self._seconds, seconds)
