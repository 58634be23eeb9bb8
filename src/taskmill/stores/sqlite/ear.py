"""Hears a bell: on an event loop as one more socket, without a loop by waiting for the socket."""

import asyncio
import contextlib
import json
import select
import socket
import time
from collections import deque
from collections.abc import Collection
from pathlib import Path

from taskmill.stores.contract import Topic

Rung = list[tuple[Topic, str]]
BACKLOG = 10_000
"""What an ear keeps that nobody waits on."""
LARGEST = 65_536
"""Bytes of one datagram."""
POLL = 0.1
HINTS: frozenset[Topic] = frozenset({"ready", "due"})
"""Topics of which one ring says as much as many."""


class SocketEar:
    def __init__(self, path: str, topics: Collection[Topic]) -> None:
        self._path = path
        self._hints = HINTS.issuperset(topics)
        self._topics = frozenset(topics)
        self._rung: deque[tuple[Topic, str]] = deque(maxlen=BACKLOG)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        Path(path).unlink(missing_ok=True)
        try:
            self._socket.bind(path)
        except OSError:
            self._socket.close()
            raise

    async def wait(self, timeout: float | None) -> Rung:
        self._receive()
        if not self._rung:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                self._block(timeout)
            else:
                await self._sleep(loop, timeout)
        rung = list(self._rung)
        self._rung.clear()
        return rung

    def close(self) -> None:
        self._detach()
        self._socket.close()
        Path(self._path).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            Path(self._path).parent.rmdir()  # only if it is empty

    async def _sleep(self, loop: asyncio.AbstractEventLoop, timeout: float | None) -> None:
        self._attach(loop)
        waiter = self._waiter = loop.create_future()
        timer = None if timeout is None else loop.call_later(timeout, _wake, waiter)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Once: the loop goes on watching the socket between waits, which saves two system calls a wait."""
        if self._loop is not loop:
            self._detach()
            loop.add_reader(self._socket, self._readable)
            self._loop = loop

    def _detach(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
        self._loop = None

    def _readable(self) -> None:
        if self._waiter is None and self._hints:
            # Whoever listens is busy. Hints may pile up in the kernel, where they cost nobody anything.
            self._detach()
            return
        self._receive()
        if self._waiter is not None and self._rung:
            _wake(self._waiter)

    def _receive(self) -> None:
        while True:
            try:
                datagram = self._socket.recv(LARGEST)
            except OSError:
                return
            topic, *items = json.loads(datagram)
            if topic in self._topics:
                self._rung.extend((topic, item) for item in items or ("",))

    def _block(self, timeout: float | None) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        end = None if timeout is None else time.monotonic() + timeout
        while not self._rung:
            left = None if end is None else end - time.monotonic()
            if left is not None and left < 0:
                return
            poll.poll(None if left is None else left * 1000)
            self._receive()


class DeafEar:
    """Where no socket can be had: it returns often, and whoever waits looks again."""

    async def wait(self, timeout: float | None) -> Rung:
        rest = POLL if timeout is None else min(timeout, POLL)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            time.sleep(rest)  # noqa: ASYNC251  no loop runs in this thread
        else:
            await asyncio.sleep(rest)
        return []

    def close(self) -> None:
        """Nothing to close."""


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
