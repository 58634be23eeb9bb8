"""Who changed what: one line for each change, each with a hash of itself and of the line before."""

import json
from collections.abc import Iterable
from typing import NamedTuple


class AuditEntry(NamedTuple):
    """What somebody did. Never what is in a task."""

    at: int
    who: str
    """The kind and the name of a principal: user:ada, token:ci, local."""
    face: str
    """rest, grpc, graphql, cli or python."""
    address: str | None
    action: str
    """A method of the service."""
    target: str
    """What it was done to: an id, a name, or a filter."""
    affected: int
    """How many."""
    outcome: str
    """done, or the code of the error that refused it."""


class Line(NamedTuple):
    """An entry in its place."""

    number: int
    """1, 2, 3 … without a gap."""
    at: int
    who: str
    face: str
    address: str | None
    action: str
    target: str
    affected: int
    outcome: str
    hash: str
    """SHA-256 in hexadecimal, of the hash before and of all fields of this line."""


class ChainEnd(NamedTuple):
    """Of a chain: what the next line goes on from."""

    number: int = 0
    hash: str = ""


def chained(end: ChainEnd, entries: Iterable[AuditEntry]) -> list[Line]:
    """The lines that follow."""
    lines = []
    for entry in entries:
        number = end.number + 1
        end = ChainEnd(number, _hash(end.hash, number, entry))
        lines.append(Line(number, *entry, end.hash))
    return lines


def broken(end: ChainEnd, lines: Iterable[Line]) -> str | None:
    """What shows that lines were changed, taken out or put in; None: nothing does. `end`: of what came before them."""
    for line in lines:
        if line.number != end.number + 1:
            return f"line {end.number + 1} is missing: line {line.number} comes after line {end.number}"
        if line.hash != _hash(end.hash, line.number, AuditEntry(*line[1:-1])):
            return f"line {line.number} is not what it was, or the one before it"
        end = ChainEnd(line.number, line.hash)
    return None


def _hash(before: str, number: int, entry: AuditEntry) -> str:
    import hashlib  # a megabyte, which a supervisor does without

    return hashlib.sha256(json.dumps([before, number, *entry]).encode()).hexdigest()
