"""What clients, handlers and the store's own trigger wrote down: each line is whole or not there."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Call(NamedTuple):
    """What one client asked for once. Times are seconds since the epoch."""

    op: str
    """enqueue, cancel or retry."""
    id: str
    asked: float
    answered: float | None
    answer: str | None
    """stored; cancelled (it was queued), stopping (it runs), cancel (one of the two); ready (it runs again); refused;
    None: nobody knows."""


class Run(NamedTuple):
    """One time that a handler was called."""

    id: str
    attempt: int
    run: str
    pid: int
    began: float
    ended: float | None
    """When it came to its end; None: it raised, or was stopped, or died."""


class Write(NamedTuple):
    """One head that the store took, in the order in which it did."""

    id: str
    version: int
    state: str
    owner: str | None
    attempt: int
    cancel: bool
    said: str
    """The result, or the error."""
    at: float


class History(NamedTuple):
    calls: list[Call]
    runs: list[Run]
    writes: list[Write]
    pids: Mapping[str, set[int]]
    """The processes of an owner; those that died before they were registered are missing."""
    heads: Mapping[str, tuple[int, str]]
    """Version and state of every task at the end."""


class Log:
    """Lines of JSON that several processes append to."""

    def __init__(self, path: str | Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, **fields: Any) -> None:
        os.write(self._file, json.dumps(fields).encode() + b"\n")


def read_calls(path: Path) -> list[Call]:
    """A line when it asks, a line when it is answered."""
    calls: dict[str, Call] = {}
    for line in _lines(path):
        if "answer" in line:
            calls[line["call"]] = calls[line["call"]]._replace(answered=line["at"], answer=line["answer"])
        else:
            calls[line["call"]] = Call(line["op"], line["id"], line["at"], None, None)
    return list(calls.values())


def read_runs(path: Path) -> list[Run]:
    runs: dict[str, Run] = {}
    for line in _lines(path):
        if line["what"] == "began":
            runs[line["run"]] = Run(line["id"], line["attempt"], line["run"], line["pid"], line["at"], None)
        else:
            runs[line["run"]] = runs[line["run"]]._replace(ended=line["at"])
    return list(runs.values())


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as file:
        yield from map(json.loads, file)
