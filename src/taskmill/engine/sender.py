"""What is to be told elsewhere (tickets, events): kept until a background task has sent it, several at once.

Whoever puts something in waits for nothing and hears of no failure: all of it may be lost without harm.
"""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from taskmill.core.errors import TaskmillError

T = TypeVar("T")
logger = logging.getLogger(__name__)

BATCH = 1_000
LIMIT = 100_000
"""What is kept at most; beyond, the oldest is dropped."""
GATHER = 0.005
"""Seconds between two sendings of a steady stream: a message costs much more than what it carries."""
BURST = 4
"""Sendings that may follow each other at once."""
FEW = 3
SHARE = 0.4
"""What a sending of so few counts, for a few every two milliseconds are no stream yet."""
BACK_OFF = 0.5
FAREWELL = 2.0
"""Seconds to send the rest when it closes."""


class BackgroundSender(Generic[T]):
    """Lives on the event loop on which it is made; `put` may be called from any thread."""

    def __init__(self, send: Callable[[Sequence[T]], Awaitable[None]]) -> None:
        """`send` raises a TaskmillError when it failed; what it was given is dropped then."""
        self._send = send
        self._waiting: deque[T] = deque(maxlen=LIMIT)
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._sender: asyncio.Task[None] | None = None
        self._woken = False
        self._closing = False
        self._credit, self._counted = float(BURST), self._loop.time()

    @property
    def busy(self) -> bool:
        """Whether what is put in now waits for something else to be sent."""
        return self._sender is not None

    def put(self, items: Iterable[T]) -> None:
        """Never raises and never blocks."""
        self._waiting.extend(items)
        if threading.get_ident() == self._thread and self._loop.is_running():
            self._wake()
        elif not self._woken:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # its loop is closed
                self._loop.call_soon_threadsafe(self._wake)

    async def close(self) -> None:
        """Sends what waits, if that can be done soon."""
        self._closing = True
        if self._sender is not None:
            _, late = await asyncio.wait([self._sender], timeout=FAREWELL)
            for sender in late:
                sender.cancel()

    def _wake(self) -> None:
        self._woken = False
        if self._sender is None:
            self._sender = self._loop.create_task(self._sending())

    async def _sending(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                count = min(BATCH, len(self._waiting))
                self._credit -= SHARE if count <= FEW else 1
                await self._try([self._waiting.popleft() for _ in range(count)])
        finally:
            self._sender = None

    async def _gather(self) -> None:
        """Lone ones go at once, a stream goes together."""
        now = self._loop.time()
        self._credit = min(BURST, self._credit + (now - self._counted) / GATHER)
        self._counted = now
        if self._credit < 1 and len(self._waiting) < BATCH and not self._closing:
            await asyncio.sleep((1 - self._credit) * GATHER)

    async def _try(self, items: list[T]) -> None:
        try:
            await self._send(items)
        except TaskmillError as error:
            # Whoever is served from here finds the rest elsewhere, and sooner than it could be sent again.
            logger.info("%d not sent: %s", len(items) + len(self._waiting), error)
            self._waiting.clear()
            await asyncio.sleep(BACK_OFF)
