"""The streams that Redis holds: `taskmill:tickets:<queue>:<priority>`."""

from importlib.resources import files
from typing import NamedTuple

from taskmill.brokers.packing import Line

GROUP = "workers"
FIELD = "tickets"
LENGTH = 100_000
"""Messages of a stream, about; beyond, the oldest are dropped: it may be that nobody serves the queue."""


class Entry(NamedTuple):
    """One message in a stream."""

    key: str
    id: bytes


def key_of(line: Line) -> str:
    return f"taskmill:tickets:{line.queue}:{line.suffix}"


def script(name: str) -> str:
    return (files(__package__) / f"{name}.lua").read_text(encoding="utf-8")
