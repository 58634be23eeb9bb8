"""A reply that goes on until its end, or until somebody ends it."""

import asyncio
import contextlib
from typing import Any, Protocol

from starlette.types import Receive, Send

from taskmill.server.web import date
from taskmill.service.streams import Streams

RETRY = b"retry: 2000\n\n"
"""Milliseconds until a client whose stream was cut comes back."""
FAREWELL = 1.0
"""Seconds for a client to take the end of a stream."""
HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


class Frames(Protocol):
    """Where the frames of one stream come from."""

    over: bool

    async def next(self, timeout: float) -> bytes:
        """Frames; empty after `timeout` seconds of silence."""
        ...

    def beat(self) -> bytes:
        """Shows that the link lives; nobody is told of it."""
        ...

    def close(self) -> None: ...


class EventStream:
    """A reply of the web face."""

    def __init__(self, frames: Frames, streams: Streams) -> None:
        self._frames = frames
        self._streams = streams

    async def play(self, method: str, receive: Receive, send: Send) -> None:
        """Until its end, a stop of the server, or the client leaves: whatever it holds is free then."""
        pump = asyncio.create_task(self._pump(method, send))
        gone = asyncio.create_task(_gone(receive))
        try:
            with self._streams.counted(pump):
                await asyncio.wait((pump, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pump
            self._frames.close()
        if not gone.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL):
                    await send({"type": "http.response.body", "body": b""})
        gone.cancel()

    async def _pump(self, method: str, send: Send) -> None:
        headers: list[Any] = [(b"date", date()), *HEADERS]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if method == "HEAD":
            return
        await _more(send, RETRY)
        while not self._frames.over:
            data = await self._frames.next(self._streams.heartbeat)
            await _more(send, data or self._frames.beat())


async def _more(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
