"""The slots of a worker: each runs one attempt after the other from a common backlog.

A slot whose handlers never wait goes from one to the next without a turn of the event loop between them, for a few
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
from taskmill.engine.worker.run import Run
from taskmill.engine.worker.unknown_types import UnknownTypeBackoff
from taskmill.executors.call import raised
from taskmill.executors.contract import Handler

logger = logging.getLogger(__name__)

BREATH = 0.005
INSIST = 1.0
"""Seconds after which an attempt that goes on although it was ended is ended again."""


class Slots:
    def __init__(
        self,
        count: int,
        handlers: Mapping[str, Handler],
        on_ended: Callable[[Run, Outcome, float], None],
        board: Board | None,
    ) -> None:
        """`on_ended` gets the run, its outcome and the seconds it took."""
        self.count = count
        self.busy = 0
        self._handlers = handlers
        self._on_ended = on_ended
        self._board = board
        self._backlog: deque[Run] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._ending = False
        self._decline = UnknownTypeBackoff()

    @property
    def backlog(self) -> int:
        return len(self._backlog)

    def feed(self, runs: Iterable[Run]) -> None:
        self._backlog.extend(runs)
        for _ in range(min(len(self._backlog), len(self._waiting))):
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)

    def take_back(self) -> list[Run]:
        """Empty the backlog."""
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
        breathed = time.monotonic()
        while not self._ending:
            if not self._backlog:
                await self._wait()
                breathed = time.monotonic()
                continue
            began = time.monotonic()
            if began - breathed > BREATH:
                await asyncio.sleep(0)
                breathed = time.monotonic()
                continue
            await self._perform(slot, self._backlog.popleft(), began)
            if task.cancelling():
                await _forget_cancels(task)

    async def _wait(self) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    async def _perform(self, slot: int, run: Run, began: float) -> None:
        self.busy += 1
        outcome: Outcome = Interrupted()
        if self._board:
            self._board.put(slot, run.task.id)
        try:
            handler = self._handlers.get(run.task.task_type)
            outcome = await run.perform(handler) if handler else self._decline(run.task.task_type)
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
            self._on_ended(run, outcome, time.monotonic() - began)


async def _end(slots: set[asyncio.Task[None]]) -> None:
    while slots:
        for slot in slots:
            slot.cancel()
        _, slots = await asyncio.wait(slots, timeout=INSIST)


async def _forget_cancels(task: asyncio.Task[None]) -> None:
    """A handler left them behind; they must not hit the next attempt, nor this slot."""
    while task.cancelling():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)  # where the latest is raised, if it was not yet
        task.uncancel()
