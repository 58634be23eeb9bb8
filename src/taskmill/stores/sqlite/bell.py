"""Wakes whoever waits for a change, in any process on the same file: one datagram socket for each that listens.

The sockets lie in a folder of this user, and the name of each says what it hears: who rings lists the folder (again
only when it has changed) and sends. Nobody waits for anybody: a full socket belongs to one who is awake anyway, and
the socket of a dead process is removed by the first who finds it. Where this cannot be had (no Unix sockets, no
private folder), ears poll.
"""

import contextlib
import errno
import json
import os
import socket
import stat
import tempfile
import time
from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import count, islice
from pathlib import Path

from taskmill.stores.contract import Ear, Topic

LETTERS: dict[Topic, str] = {"ready": "r", "due": "d", "final": "f", "cancel": "c", "progress": "p"}
ITEMS = 100
"""In one datagram."""
SETTLED_NS = 50_000_000
"""A folder that changed less than this before it was listed may change again without a new time of change."""

_numbers = count()


class SocketBell:
    def __init__(self, path: str) -> None:
        self._path = path
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
        from taskmill.stores.sqlite import ear  # and asyncio, which a process that only rings does without

        try:
            try:
                return ear.SocketEar(self._address(topics), topics)
            except FileNotFoundError:
                return ear.SocketEar(
                    self._address(topics), topics
                )  # the last ear but this took the empty folder away meanwhile
        except (OSError, AttributeError):
            return ear.DeafEar()

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
