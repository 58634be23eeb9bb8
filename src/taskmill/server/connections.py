"""What a connection may take: bytes of headers, seconds, and its place among the others.

uvicorn bounds none of it: whoever opens a connection and is slow, or never ends its headers, could keep it for good,
let the server keep whatever is sent, and use up the descriptors that everybody shares.
"""

import asyncio
import functools
import logging
import math
import resource
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from taskmill.core.errors import TaskmillError
from taskmill.server.rest.http import refusal

log = logging.getLogger(__name__)
MOST = 10_000
"""Connections, whatever the operating system would allow."""
OTHERS = 64
"""Descriptors that are left for the store, files and servers."""
LOG_EVERY = 60.0
"""Seconds between two lines that say that there are too many connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    connections: int = MOST
    header_bytes: int = 65_536
    """Of the address and all headers together, those that come after a body among them."""
    headers: int = 100
    head_timeout: float = 10.0
    """Seconds until the headers have come, from the first byte on, or from the start of the connection."""
    idle_timeout: float = 10.0
    """Seconds until the next request begins."""
    body_timeout: float = 30.0
    """Seconds between two pieces of a body."""
    body_rate: float = 1024.0
    """Bytes a second that a body comes with in the long run."""
    stalled_timeout: float = 60.0
    """Seconds in which a client takes nothing of an answer."""


class HeadersTooLarge(TaskmillError):
    code = "headers_too_large"


class RequestTimeout(TaskmillError):
    code = "request_timeout"


class TooManyConnections(TaskmillError):
    code = "too_many_connections"


def connections_allowed() -> int:
    """Connections that the descriptors of this process are enough for, once it may have all it can get."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + OTHERS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MOST if soft == resource.RLIM_INFINITY else min(MOST, max(soft - OTHERS, soft // 2))


class Connections:
    """The open ones of a server. Looked through once a second, and not at all while there are none."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._open: set[BoundedProtocol] = set()
        self._look: asyncio.TimerHandle | None = None
        self._warned_at = -math.inf

    def protocol(self) -> Callable[..., asyncio.Protocol]:
        return functools.partial(BoundedProtocol, self)

    def opened(self, one: "BoundedProtocol") -> None:
        self._open.add(one)
        if len(self._open) > self.limits.connections:
            self._make_room(one)
        if self._look is None:
            self._look = one.loop.call_later(1.0, self._close_late_ones, one.loop)

    def closed(self, one: "BoundedProtocol") -> None:
        self._open.discard(one)
        if not self._open and self._look is not None:
            self._look.cancel()
            self._look = None

    def _make_room(self, newest: "BoundedProtocol") -> None:
        """The one that has been idle for longest goes; when all are at work, the newest."""
        now = newest.loop.time()
        if now - self._warned_at > LOG_EVERY:
            self._warned_at = now
            most = self.limits.connections
            log.warning("%d connections are open, which is the most: idle ones are closed for new ones", most)
        idle = [one for one in self._open if one.is_idle and one is not newest]
        if idle:
            min(idle, key=lambda one: one.deadline).end()
        else:
            newest.refuse(TooManyConnections(f"{self.limits.connections} connections are open, which is the most"))

    def _close_late_ones(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for one in list(self._open):
            one.end_if_late(now)
        self._look = loop.call_later(1.0, self._close_late_ones, loop) if self._open else None


class BoundedProtocol(HttpToolsProtocol):
    """What it looks at and extends of uvicorn's protocol is no public API: tests/faces/test_connections.py watches it.

    `scope` is that of the latest request whose headers have begun, `cycle` the latest whose headers have come.
    """

    def __init__(self, connections: Connections, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._all = connections
        self._limits = connections.limits
        self.deadline = math.inf
        """By the clock of the loop: when the client must have done the next step."""
        self._received = 0
        """Bytes of the latest piece."""
        self._coming: object = None
        """The scope of the headers, or the cycle of the body, that is counted here."""
        self._coming_bytes, self._coming_since = 0, 0.0
        self._oversize = False
        self._unsent, self._unsent_since = 0, 0.0
        self._answered: RequestResponseCycle | None = None
        """The request that is being answered: of several sent at once, `cycle` is the latest."""

    @property
    def _latest(self) -> RequestResponseCycle | None:
        """None before the first request, which uvicorn's annotation of `cycle` hides."""
        return self.cycle

    @property
    def is_idle(self) -> bool:
        """Nothing that it asked is being done."""
        return (self._latest is None or self._latest.response_complete) and not self.transport.is_closing()

    @property
    def _in_head(self) -> bool:
        scope: object = self.scope  # None before the first request
        return scope is not None and (self._latest is None or self._latest.scope is not scope)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.deadline = self.loop.time() + self._limits.head_timeout
        self._all.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.closed(self)
        super().connection_lost(exc)
        self.pipeline.clear()
        self._leave_alone()

    def data_received(self, data: bytes) -> None:
        self._received = len(data)
        super().data_received(data)
        cycle = self._latest
        if cycle is None or cycle.scope is not self.scope:
            self._head_received()
        elif cycle.response_complete:
            return  # what comes of its body is thrown away, and does not count as a sign of life
        elif cycle.more_body:
            self._body_received()
        else:
            self.deadline = math.inf

    def _head_received(self) -> None:
        if self._coming is not self.scope:
            self._coming, self._coming_bytes = self.scope, 0
            if self.is_idle:
                self.deadline = self.loop.time() + self._limits.head_timeout
        else:
            self._coming_bytes += self._received
        if self._coming_bytes > self._limits.header_bytes and not self.transport.is_closing():
            self.refuse(self._too_large())

    def _body_received(self) -> None:
        now, limits = self.loop.time(), self._limits
        if self._coming is not self.cycle:
            self._coming, self._coming_bytes, self._coming_since = self.cycle, 0, now
        self._coming_bytes += self._received
        slowest = self._coming_since + self._coming_bytes / limits.body_rate
        self.deadline = min(now, slowest) + limits.body_timeout
        if len(self.headers) > limits.headers:  # they may also come after the body
            self.refuse(self._too_large())

    def on_headers_complete(self) -> None:
        limits, headers = self._limits, self.headers
        size = len(self.url)
        if self._received > limits.header_bytes or self._coming is self.scope:  # they may be of several pieces
            size += sum(len(name) + len(value) for name, value in headers)
        if len(headers) > limits.headers or size > limits.header_bytes:
            self._oversize = True
            raise self._too_large()  # which ends the parser: see send_400_response
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:
            limits = self._limits
            self.deadline = self.loop.time() + (limits.head_timeout if self._in_head else limits.idle_timeout)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to what its parser refuses."""
        if self._oversize:
            self.refuse(self._too_large())
        else:
            super().send_400_response(msg)

    def _too_large(self) -> HeadersTooLarge:
        limits = self._limits
        return HeadersTooLarge(f"headers are at most {limits.headers}, of {limits.header_bytes:,} bytes together")

    def end_if_late(self, now: float) -> None:
        if not self.flow.write_paused:
            self._unsent = 0
        if self.flow.write_paused:
            unsent = self.transport.get_write_buffer_size()
            if unsent != self._unsent:
                self._unsent, self._unsent_since = unsent, now
            elif now - self._unsent_since > self._limits.stalled_timeout:
                self.transport.abort()
        elif self.flow.read_paused and not self.is_idle:
            self.deadline = now + self._limits.body_timeout  # the server is the slow one
        elif now > self.deadline:
            self.end()

    def end(self) -> None:
        """The client is told, if it has begun to ask something."""
        cycle = self._latest
        if self._in_head or (cycle is not None and cycle.more_body and not cycle.response_started):
            what = "headers" if self._in_head else "body"
            self.refuse(RequestTimeout(f"the {what} of the request did not come in time"))
        else:
            self.transport.close()

    def refuse(self, error: TaskmillError) -> None:
        """Answer, and close."""
        reply = refusal(error)
        lines = [b"content-type: " + reply.media, b"content-length: %d" % len(reply.body), b"connection: close"]
        lines += [b": ".join(header) for header in reply.headers]
        self._leave_alone()
        self.transport.write(STATUS_LINE[reply.status] + b"\r\n".join(lines) + b"\r\n\r\n" + reply.body)
        self.transport.close()

    def _leave_alone(self) -> None:
        """The request that is being answered learns that its client is gone."""
        if self._answered is not None:
            self._answered.disconnected = True
            self._answered.message_event.set()
