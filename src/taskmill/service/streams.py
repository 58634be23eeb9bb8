"""What server-sent events look like, and how many streams of them are open."""

import asyncio
import contextlib
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from taskmill.core.errors import TaskmillError


class TooManyStreams(TaskmillError):
    code = "too_many_streams"


def frame(name: str, data: bytes, id: str | None = None) -> bytes:
    """`data`: JSON, which has no line breaks."""
    lead = b"" if id is None else b"id: " + id.encode() + b"\n"
    return b"%sevent: %s\ndata: %s\n\n" % (lead, name.encode(), data)


class GapView(Struct):
    """Some events are missing here."""

    reason: str


def gap(why: str, id: str | None = None) -> bytes:
    return frame("gap", msgspec.json.encode(GapView(why)), id)


class Streams:
    """The open ones of a server."""

    def __init__(self, limit: int, heartbeat: float) -> None:
        self.limit = limit
        self.heartbeat = heartbeat
        self._open: set[asyncio.Task[None]] = set()
        self._stopped = False

    def check(self) -> None:
        """Raises TooManyStreams: no more can be opened now."""
        if self._stopped or len(self._open) >= self.limit:
            why = "the server is stopping" if self._stopped else f"{self.limit} streams are open, which is the most"
            raise TooManyStreams(why, hint="try again later, or ask for the status now and then")

    def stop(self) -> None:
        """End them all; clients come back by themselves."""
        self._stopped = True
        for task in self._open:
            task.cancel()

    def __len__(self) -> int:
        return len(self._open)

    @contextlib.contextmanager
    def counted(self, task: "asyncio.Task[None]") -> Iterator[None]:
        self._open.add(task)
        try:
            yield
        finally:
            self._open.discard(task)
