"""Server-sent events: the items of a stream as bytes, in a reply that goes on until its end or somebody ends it."""

import asyncio
import contextlib
from typing import Any

import msgspec
from starlette.types import Receive, Send

from taskmill.server.rest.http import date
from taskmill.server.rest.problems import encode, problem
from taskmill.service.streams import EventGap, EventStream, StreamItem, Streams, TaskChange, TaskEnd, TaskGone

RETRY = b"retry: 2000\n\n"
"""Milliseconds until a client whose stream was cut comes back."""
CLOSE_TIMEOUT = 1.0
"""Seconds for a client to take the end of a stream."""
HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


class EventReply:
    """Keeps the stream open until its end, a stop of the server, or the client leaves."""

    def __init__(self, stream: EventStream, streams: Streams) -> None:
        self._stream = stream
        self._streams = streams

    async def play(self, method: str, receive: Receive, send: Send) -> None:
        """Whatever it holds is free when this returns."""
        pump = asyncio.create_task(self._pump(method, send))
        gone = asyncio.create_task(_gone(receive))
        try:
            with self._streams.counted(pump):
                await asyncio.wait((pump, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pump
            self._stream.close()
        if not gone.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await send({"type": "http.response.body", "body": b""})
        gone.cancel()

    async def _pump(self, method: str, send: Send) -> None:
        headers: list[Any] = [(b"date", date()), *HEADERS]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if method == "HEAD":
            return
        await _more(send, RETRY)
        while not self._stream.over:
            items = await self._stream.next(self._streams.settings.heartbeat)
            await _more(send, b"".join(map(frame, items)) or _beat(self._stream.position))


def frame(item: StreamItem) -> bytes:
    match item:
        case TaskChange(view, id):
            return _frame(view.kind, msgspec.json.encode(view), id)
        case EventGap(view, id):
            return _frame("gap", msgspec.json.encode(view), id)
        case TaskEnd(view):
            return _frame("end", msgspec.json.encode(view))
        case TaskGone(error):
            return _frame("gone", encode(problem(error)))


def _frame(name: str, data: bytes, id: str | None = None) -> bytes:
    """`data`: JSON, which has no line breaks."""
    lead = b"" if id is None else b"id: " + id.encode() + b"\n"
    return b"%sevent: %s\ndata: %s\n\n" % (lead, name.encode(), data)


def _beat(position: str | None) -> bytes:
    """A comment, which clients ignore; the id lets one that saw nothing for long come back to where the stream is."""
    lead = b"" if position is None else b"id: " + position.encode() + b"\n"
    return lead + b": alive\n\n"


async def _more(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
