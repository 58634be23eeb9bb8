"""A reader of server-sent events, as browsers read them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx


class Sent(NamedTuple):
    name: str
    id: str
    """Of the last event that had one."""
    data: Any


@contextmanager
def stream(http: httpx.Client, path: str, last: str | None = None, **query: Any) -> Iterator[Iterator[Sent]]:
    headers = {} if last is None else {"Last-Event-ID": last}
    with http.stream("GET", path, params=query, headers=headers) as reply:
        assert reply.status_code == 200, reply.read()
        assert reply.headers["content-type"].startswith("text/event-stream")
        yield parsed(reply.iter_lines())


def parsed(lines: Iterator[str]) -> Iterator[Sent]:
    """A comment is given as an event named `:`."""
    name, id, data = "", "", ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "id":
            id = value
        elif field == "data":
            data = value
        elif not line and name:
            yield Sent(name, id, json.loads(data))
            name = ""
        elif line.startswith(":"):
            yield Sent(":", id, None)
