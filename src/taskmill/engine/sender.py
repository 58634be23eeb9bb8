"""What goes to a broker or a live feed: kept until a background task has sent it, several at once.

Whoever puts something in waits for nothing and hears of no failure: all of it may be lost without harm.
"""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from taskmill.core.errors import TaskmillError

T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderSettings:
    """Times are in seconds."""

    capacity: int = 100_000
    """What is kept at most; beyond, the oldest is dropped."""
    batch: int = 1_000
    """What is sent at once, at most."""
    interval: float = 0.005
    """Between two batches of a steady stream: a message costs much more than what it carries."""
    burst: int = 4
    """Batches that may follow each other at once."""
    small: int = 3
    small_weight: float = 0.4
    """What a batch of so few counts of the burst, for a few every two milliseconds are no stream yet."""
    failure_pause: float = 0.5
    """After a failure."""
    close_timeout: float = 2.0
    """To send the rest when it closes."""


DEFAULTS = SenderSettings()


class BackgroundSender(Generic[T]):
    """Lives on the event loop on which it is made; `put` may be called from any thread."""

    def __init__(self, send: Callable[[Sequence[T]], Awaitable[None]], settings: SenderSettings = DEFAULTS) -> None:
        """`send` raises a TaskmillError when it failed; what it was given is dropped then."""
        self._send = send
        self._settings = settings
        self._waiting: deque[T] = deque(maxlen=settings.capacity)
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._sender: asyncio.Task[None] | None = None
        self._woken = False
        self._closing = False
        self._credit, self._counted_at = float(settings.burst), self._loop.time()
        """How many batches may go at once; it grows by one in each interval."""

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
        if self._waiting and (self._sender is None or self._sender.done()):  # cancelled, before or after it began
            self._sender = self._loop.create_task(self._send_all())
        if self._sender is not None:
            _, late = await asyncio.wait([self._sender], timeout=self._settings.close_timeout)
            for sender in late:
                sender.cancel()

    def _wake(self) -> None:
        self._woken = False
        if self._sender is None:
            self._sender = self._loop.create_task(self._send_all())

    async def _send_all(self) -> None:
        settings = self._settings
        try:
            while self._waiting:
                await self._gather()
                count = min(settings.batch, len(self._waiting))
                self._credit -= settings.small_weight if count <= settings.small else 1
                await self._try([self._waiting.popleft() for _ in range(count)])
        finally:
            self._sender = None

    async def _gather(self) -> None:
        """A lone one goes at once, a stream goes together."""
        settings, now = self._settings, self._loop.time()
        self._credit = min(settings.burst, self._credit + (now - self._counted_at) / settings.interval)
        self._counted_at = now
        if self._credit < 1 and len(self._waiting) < settings.batch and not self._closing:
            await asyncio.sleep((1 - self._credit) * settings.interval)

    async def _try(self, items: list[T]) -> None:
        try:
            await self._send(items)
        except TaskmillError as error:
            # Whoever is served from here finds the rest elsewhere, and sooner than it could be sent again.
            logger.info("%d not sent: %s", len(items) + len(self._waiting), error)
            self._waiting.clear()
            await asyncio.sleep(self._settings.failure_pause)
