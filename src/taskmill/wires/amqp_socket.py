"""What pika needs of an event loop; but what is written goes out at once.

By itself pika waits until the event loop says that the socket takes something, and sends in the loop's next round. The
socket nearly always does, so that costs a lone message three system calls and a tenth of its time on the way.
"""

import asyncio
from collections.abc import Callable

from pika.adapters.asyncio_connection import _AsyncioIOServicesAdapter


class Services(_AsyncioIOServicesAdapter):  # type: ignore[misc]  # pika has no types of its own
    """`connected`: until then, that a socket is writable says that it has connected."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.connected = False
        self._sending = False
        self._sent = False

    def set_writer(self, fd: int, on_writable: Callable[[], None]) -> None:
        if self.connected and not self._sending:
            self._send(on_writable)
            if self._sent:
                return
        super().set_writer(fd, on_writable)

    def remove_writer(self, fd: int) -> bool:
        """Called when everything is sent, or nothing will be any more."""
        self._sent = True
        return bool(super().remove_writer(fd))

    def _send(self, on_writable: Callable[[], None]) -> None:
        self._sending, self._sent = True, False
        try:
            on_writable()
        finally:
            self._sending = False
