"""Wakes whoever waits for a change, in any process on the same file: one datagram socket for each that listens.

The sockets lie in a folder of this user, and the name of each says what it hears: who rings lists the folder (again
only when it has changed) and sends. Nobody waits for anybody: a full socket belongs to one who is awake anyway, and
the socket of a dead process is removed by the first who finds it. Where this cannot be had (no Unix sockets, no
private folder), ears poll.
A process that only rings does without asyncio, which is megabytes.
"""

import contextlib
import errno
import json
import os
import select
import socket
import stat
import tempfile
import time
from collections import deque
from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from taskmill.stores.contract import Ear, Topic

if TYPE_CHECKING:
    import asyncio

LETTERS: dict[Topic, str] = {"ready": "r", "due": "d", "final": "f", "cancel": "c", "progress": "p", "access": "a"}
ITEMS = 100
"""In one datagram."""
SETTLED_NS = 50_000_000
"""A folder that changed less than this before it was listed may change again without a new time of change."""
BACKLOG = 10_000
"""What an ear keeps that nobody waits on."""
LARGEST = 65_536
"""Bytes of one datagram."""
HINTS: frozenset[Topic] = frozenset({"ready", "due"})
"""Topics of which one ring says as much as many."""

_numbers = count()


class SocketBell:
    def __init__(self, path: str, poll_interval: float) -> None:
        self._path = path
        self._poll_interval = poll_interval
        self._socket: socket.socket | None = None
        self._changed = -1
        self._ears: dict[Topic, list[str]] = {}

    @cached_property
    def _folder(self) -> str:
        return _folder(self._path)

    def ring(self, topic: Topic, items: Collection[str]) -> None:
        try:
            changed = os.stat(self._folder).st_mtime_ns
        except OSError:
            self._prepare()
            return
        if changed != self._changed:
            self._look(changed)
        ears = self._ears.get(topic)
        if ears:
            for datagram in _datagrams(topic, items):
                for ear in ears:
                    self._send(datagram, ear)

    def listen(self, *topics: Topic) -> Ear:
        try:
            try:
                return SocketEar(self._address(topics), topics)
            except FileNotFoundError:  # the last ear but this took the empty folder away meanwhile
                return SocketEar(self._address(topics), topics)
        except (OSError, AttributeError):
            return PollingEar(self._poll_interval)

    def close(self) -> None:
        """A later ring opens it again."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        with contextlib.suppress(OSError):  # others listen
            os.rmdir(self._folder)

    def _address(self, topics: Collection[Topic]) -> str:
        _make_private(self._folder)
        name = f"{''.join(LETTERS[topic] for topic in topics)}-{os.getpid()}-{next(_numbers)}"
        return f"{self._folder}/{name}"

    def _prepare(self) -> None:
        """Nobody listens; an empty folder is noticed in half the time of a missing one."""
        with contextlib.suppress(OSError, AttributeError):
            _make_private(self._folder)

    def _look(self, changed: int) -> None:
        try:
            names = os.listdir(self._folder) if _is_private(self._folder) else []
        except OSError:
            names = []
        self._ears = {
            topic: [f"{self._folder}/{name}" for name in names if letter in name.partition("-")[0]]
            for topic, letter in LETTERS.items()
        }
        self._changed = changed if time.time_ns() - changed > SETTLED_NS else -1

    def _send(self, datagram: bytes, ear: str) -> None:
        try:
            if self._socket is None:
                self._socket = _sender()
            self._socket.sendto(datagram, ear)
        except ConnectionRefusedError:
            Path(ear).unlink(missing_ok=True)
        except OSError:
            pass  # full, gone or too long: the slow look of whoever listens will do


def _datagrams(topic: Topic, items: Collection[str]) -> Iterator[bytes]:
    left = iter(items)
    some = list(islice(left, ITEMS))
    yield json.dumps([topic, *some]).encode()
    while topic not in ("ready", "due") and (some := list(islice(left, ITEMS))):
        yield json.dumps([topic, *some]).encode()


def _sender() -> socket.socket:
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    return sender


def _folder(path: str) -> str:
    import hashlib

    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    user = os.getuid() if hasattr(os, "getuid") else 0
    return f"{base}/taskmill-{user}/{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def _make_private(folder: str) -> None:
    for step in (os.path.dirname(folder), folder):
        try:
            os.mkdir(step, 0o700)
        except FileExistsError:
            if not _is_private(step):
                raise PermissionError(errno.EPERM, "not a private folder of this user", step) from None


def _is_private(folder: str) -> bool:
    """Others could otherwise listen, or ring."""
    found = os.lstat(folder)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


class SocketEar:
    """On an event loop it is one more socket of the loop; without a loop its thread waits for the socket."""

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

    async def wait(self, timeout: float | None) -> list[tuple[Topic, str]]:
        self._receive()
        if not self._rung:
            loop = _running_loop()
            if loop is None:
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

    async def _sleep(self, loop: "asyncio.AbstractEventLoop", timeout: float | None) -> None:
        self._attach(loop)
        waiter = self._waiter = loop.create_future()
        timer = None if timeout is None else loop.call_later(timeout, _wake, waiter)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _attach(self, loop: "asyncio.AbstractEventLoop") -> None:
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


class PollingEar:
    """Where no socket can be had: it returns often, and whoever waits looks again."""

    def __init__(self, interval: float) -> None:
        self._interval = interval

    async def wait(self, timeout: float | None) -> list[tuple[Topic, str]]:
        pause = self._interval if timeout is None else min(timeout, self._interval)
        if _running_loop() is None:
            time.sleep(pause)  # noqa: ASYNC251  no loop runs in this thread
        else:
            import asyncio

            await asyncio.sleep(pause)
        return []

    def close(self) -> None:
        """Nothing to close."""


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _running_loop() -> "asyncio.AbstractEventLoop | None":
    from taskmill.portal import running_loop  # brings asyncio along: megabytes, which a supervisor does without

    return running_loop()
