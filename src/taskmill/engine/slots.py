"""The slots of a worker: each runs one attempt after the other from a common backlog.

A slot whose handlers never wait goes from one to the next without a turn of the event loop between them, for a few
milliseconds at most.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from taskmill.core.outcome import Interrupted, Outcome, Snooze
from taskmill.engine.board import Board
from taskmill.engine.run import Run
from taskmill.executors.contract import Handler

BREATH = 0.005
UNKNOWN_TYPE_REST = 5.0
"""Seconds until a task whose type this worker does not know is offered again, to one that does."""


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
        self._tasks = [asyncio.create_task(self._serve(number)) for number in range(count)]

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

    async def stop(self) -> None:
        """End every attempt now; each is reported as interrupted."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, slot: int) -> None:
        breathed = time.monotonic()
        while True:
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

    async def _wait(self) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    async def _perform(self, slot: int, run: Run, began: float) -> None:
        self.busy += 1
        outcome: Outcome = Interrupted()
        if self._board:
            self._board.put(slot, run.claim.spec.id)
        try:
            handler = self._handlers.get(run.claim.spec.task_type)
            outcome = await run.perform(handler) if handler else Snooze(UNKNOWN_TYPE_REST)
        finally:  # a cancelled slot reports its run as interrupted
            if self._board:
                self._board.clear(slot)
            self.busy -= 1
            self._on_ended(run, outcome, time.monotonic() - began)
