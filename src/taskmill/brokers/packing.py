"""Tickets as brokers' messages: several ids of one lane to a message, readable by a person who looks at the broker.
And which priority goes first."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from taskmill.core.task import Priority, Ticket

MOST = 100
"""Tickets to a message: some 4 kB."""
VERSION = "taskmill tickets 1"
ID_SIZE = 37
"""Bytes that one ticket adds to the version: a line break and its id."""
LARGEST = 1000
"""What is read, which leaves later versions room to pack more."""

_BODY = re.compile(rf"{VERSION}(?:\n[0-9a-f-]{{36}}){{1,{LARGEST}}}")


class Lane(NamedTuple):
    """Where tickets wait: one for each queue and priority."""

    queue: str
    priority: int

    @property
    def suffix(self) -> str:
        return Priority(self.priority).name.lower()


class Garbage(ValueError):
    """Not a message of tickets."""


def pack(ids: Iterable[str]) -> bytes:
    return "\n".join((VERSION, *ids)).encode()


def unpack(body: bytes) -> list[str]:
    """The ids. Raises Garbage."""
    text = body.decode("ascii", "replace")
    if _BODY.fullmatch(text) is None:
        raise Garbage(f"{len(body)} bytes that are no tickets: {text[:60]!r}")
    return text.split("\n")[1:]


def parcels(tickets: Sequence[Ticket], most: int = MOST) -> Iterator[tuple[Lane, list[str]]]:
    """Ids by lane, in their order, at most `most` in one parcel."""
    lanes: dict[tuple[str, int], list[str]] = {}
    for id, queue, priority in tickets:
        lanes.setdefault((queue, priority), []).append(id)
    for (queue, priority), ids in lanes.items():
        lane = Lane(queue, priority)
        for start in range(0, len(ids), most):
            yield lane, ids[start : start + most]


LOWEST_FIRST = 16
"""One of so many times the lowest priority that waits goes first."""
DOWNWARDS: Sequence[int] = tuple(Priority)
UPWARDS: Sequence[int] = tuple(reversed(Priority))


class PriorityOrder:
    """High before normal before low, but now and then the other way round, so that low ones are not starved."""

    def __init__(self) -> None:
        self._count = 0

    def next(self) -> Sequence[int]:
        """Priorities in the order in which they may go now."""
        self._count += 1
        return DOWNWARDS if self._count % LOWEST_FIRST else UPWARDS
