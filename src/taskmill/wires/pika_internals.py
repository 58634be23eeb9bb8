"""What Taskmill uses of pika that is not public, as it is in pika 1.4.

tests/wires/test_pika_internals.py fails when it changes; docs/decisions/0010-pika.md says what each is worth.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from pika.adapters.asyncio_connection import _AsyncioIOServicesAdapter


class CoalescedWrites(_AsyncioIOServicesAdapter):  # type: ignore[misc]  # pika has no types of its own
    """What pika needs of an event loop, for one connection. What is written in one round of the loop is sent in the
    next, without asking whether the socket takes anything: it nearly always does, and asking costs system calls.

    `connected`: until then, that a socket is writable says that it has connected.
    """

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.connected = False
        self._scheduled: asyncio.Handle | None = None
        self._sending = False

    def set_writer(self, fd: int, on_writable: Callable[[], None]) -> None:
        if self.connected and not self._sending:
            self._scheduled = asyncio.get_running_loop().call_soon(self._send, fd, on_writable)
        else:
            super().set_writer(fd, on_writable)

    def remove_writer(self, fd: int) -> bool:
        """pika calls it when everything is sent, or nothing will be any more."""
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        return bool(super().remove_writer(fd))

    def _send(self, fd: int, on_writable: Callable[[], None]) -> None:
        self._sending = True
        try:
            on_writable()
        finally:
            self._sending = False
        if self._scheduled is not None:  # the socket did not take all of it
            self._scheduled = None
            super().set_writer(fd, on_writable)


def abort(connection: Any, why: Exception) -> None:
    """At once, as pika's own heartbeat does; the public `close()` would wait for an answer that may never come."""
    connection._terminate_stream(why)
