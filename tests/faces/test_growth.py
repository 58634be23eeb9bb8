"""Whatever reads what callers send takes twice the time for twice the size: no request stops the server."""

import contextlib
import gc
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from taskmill.core import ids, limits
from taskmill.core.errors import InvalidParameters, TaskmillError
from taskmill.core.suggest import near_names
from taskmill.core.task import Spec
from taskmill.plugins import handlers
from taskmill.server.guard import Guard
from taskmill.server.rest.batch import _body
from taskmill.server.rest.decoding import Body, read_query
from taskmill.server.rest.events import WideQuery
from taskmill.server.rest.http import Routes, refuse
from taskmill.server.rest.tasks import ListQuery
from taskmill.service import views
from taskmill.service.admission import check_same, id_for, parse_time
from taskmill.service.filters import to_event_filter, to_filter
from taskmill.service.parameters import check, to_json
from taskmill.service.streams import ITEM_ID
from taskmill.service.task_types import KnownTaskType, shipped
from taskmill.service.task_types import _compile as compiled
from taskmill.stores.cursors import position

FACTOR = 2.5
NOISE = 0.03
"""Seconds."""
TYPES = {row.name: compiled(row) for row in shipped()}
DRAFT, BULK, BATCH = Body(views.Draft), Body(views.Bulk), _body(10_000)


def draft(parameters: bytes) -> bytes:
    return b'{"task_type":"math","parameters":%s}' % parameters


def checked(task_type: KnownTaskType, parameters: Any) -> Callable[[], object]:
    text = msgspec.json.encode(parameters)
    return lambda: check(parameters, text, task_type.validator, task_type.names)


def data(**parameters: Any) -> Callable[[], object]:
    return checked(TYPES["data_processing"], {"data": "a.csv"} | parameters)


def storable(parameters: Any) -> Callable[[], object]:
    return lambda: list(limits.unstorable(parameters, "$"))


READERS: dict[str, tuple[int, Callable[[int], Callable[[], object]]]] = {
    "a long string": (500_000, lambda n: bind(DRAFT.read, draft(b'{"a":"' + b"x" * n + b'"}'))),
    "escapes": (100_000, lambda n: bind(DRAFT.read, draft(b'{"a":"' + rb"\u0041" * n + b'"}'))),
    "a long integer": (500_000, lambda n: bind(DRAFT.read, draft(b'{"a":' + b"9" * n + b"}"))),
    "a long fraction": (500_000, lambda n: bind(DRAFT.read, draft(b'{"a":0.' + b"9" * n + b"}"))),
    "lists": (50_000, lambda n: bind(DRAFT.read, draft(b'{"a":[' + b"[]," * n + b"1]}"))),
    "nesting": (100_000, lambda n: bind(DRAFT.read, draft(b'{"a":' + b"[" * n + b"]" * n + b"}"))),
    "names": (20_000, lambda n: bind(DRAFT.read, draft(msgspec.json.encode({f"name {i}": i for i in range(n)})))),
    "an unknown field": (100_000, lambda n: bind(DRAFT.read, b'{"' + b" - at `$" * n + b'":1}')),
    "a wrong tag": (50_000, lambda n: bind(DRAFT.read, b'{"tags":[' + b'"a",' * n + b"7]}")),
    "no UTF-8": (500_000, lambda n: bind(DRAFT.read, b'{"a":"' + b"x" * n + b'\xff"}')),
    "a batch": (500_000, lambda n: bind(BATCH.read, b'{"tasks":[' + b"1," * n + b"1]}")),
    "a bulk filter": (50_000, lambda n: bind(bulk, msgspec.json.encode({"state": [f"s{i}" for i in range(n)]}))),
    "bulk tags": (50_000, lambda n: bind(bulk, msgspec.json.encode({"tag": [f"s{i}" for i in range(n)]}))),
    "a query": (5_000, lambda n: bind(read_query, b"state=" + b"%41" * n, ListQuery)),
    "fields of a query": (500, lambda n: bind(read_query, b"&".join(b"tag=%d" % i for i in range(n)), ListQuery)),
    "too many fields of a query": (50_000, lambda n: bind(read_query, b"a=1&" * n, WideQuery)),
    "a number of a query": (50_000, lambda n: bind(read_query, b"limit=" + b"9" * n, ListQuery)),
    "ids to watch": (10_000, lambda n: bind(to_event_filter, [], [], ["x" * 36] * n)),
    "queues to watch": (10_000, lambda n: bind(to_event_filter, ["x" * 200] * n, [], [])),
    "an id": (200_000, lambda n: bind(ids.parse, "urn:uuid:" * n)),
    "an idempotency key": (1_000_000, lambda n: bind(id_for, "k" * n)),
    "a time": (500_000, lambda n: bind(parse_time, "$", "2026-01-01T00:00:00." + "1" * n + "Z")),
    "a cursor": (1_000_000, lambda n: bind(position, "9" * n)),
    "the id of an event": (1_000_000, lambda n: bind(ITEM_ID.fullmatch, "1" * n + "-")),
    "a path": (100_000, lambda n: bind(Routes(()).find, "GET", b"/a" * n)),
    "headers": (50_000, lambda n: bind(guarded, [(b"x-%d" % i, b"a") for i in range(n)])),
    "a host": (1_000_000, lambda n: bind(guarded, [(b"host", b":1" * n)])),
    "a wrong name": (50_000, lambda n: bind(near_names, "ab" * n, TYPES)),
    "known names": (400, lambda n: bind(near_names, "ba" * 64, [f"{'ab' * 60}{i:05}" for i in range(n)])),
    "NUL characters": (20_000, lambda n: storable({"a": ["\0"] * n})),
    "NUL characters below a long name": (20_000, lambda n: storable({"a" * n: ["\0"] * n})),
    "names with NUL characters": (20_000, lambda n: storable({f"{i}\0": 1 for i in range(n)})),
    "wrong steps": (10_000, lambda n: data(steps=[{"do": "x"}] * n)),
    "a wrong step after right ones": (10_000, lambda n: data(steps=[{"do": "limit", "rows": 1}] * n + [{"do": "x"}])),
    "a wrong row after right ones": (20_000, lambda n: data(data=[{"a": 1}] * n + [7])),
    "wrong rows": (20_000, lambda n: data(data=[7] * n)),
    "wrong cells": (20_000, lambda n: data(data=[{"a": []}] * n)),
    "wrong cells of one row": (20_000, lambda n: data(data=[{f"a{i}": [] for i in range(n)}])),
    "unknown parameters": (20_000, lambda n: data(**{f"unknown{i}": 1 for i in range(n)})),
    "the same draft": (20_000, lambda n: bind(same, {"a": list(range(n))})),
}


def bind(function: Callable[..., object], *values: object) -> Callable[[], object]:
    return lambda: function(*values)


def bulk(body: bytes) -> object:
    return to_filter(BULK.read(body))


def guarded(headers: list[tuple[bytes, bytes]]) -> object:
    return Guard(None, ["example.com"], [], refuse)._refused({"type": "http", "headers": headers, "method": "POST"})  # type: ignore[arg-type]


def same(parameters: dict[str, Any]) -> None:
    text = to_json(parameters).decode()
    spec = Spec("", "math", "default", text, 1, 1, None, None, None, None, 0)
    check_same(views.Draft(task_type="math", parameters=parameters), spec)


@pytest.mark.parametrize("reader", READERS)
def test_twice_the_size_takes_twice_the_time(reader: str) -> None:
    size, make = READERS[reader]
    once, twice = make(size), make(2 * size)
    gc.collect()
    gc.disable()  # it looks at all that other tests left behind
    pairs: list[tuple[float, float]] = []
    first = second = 0.0
    try:
        while len(pairs) < 20:  # what others take of the caches is no growth, and some pair has it quiet
            pairs += [(took(once), took(twice)) for _ in range(5)]
            first, second = map(min, zip(*pairs, strict=True))
            if second <= FACTOR * first + NOISE:
                break
    finally:
        gc.enable()
    assert second <= FACTOR * first + NOISE, f"{first * 1000:.1f} ms, then {second * 1000:.1f} ms"
    assert second < 3.0


def took(call: Callable[[], object]) -> float:
    """Seconds of this thread: what others do on this machine does not count."""
    start = time.thread_time()
    with contextlib.suppress(TaskmillError):
        call()
    return time.thread_time() - start


@pytest.mark.parametrize("reader", READERS)
def test_what_is_refused_is_refused_in_few_words(reader: str) -> None:
    size, make = READERS[reader]
    try:
        make(size)()
    except TaskmillError as error:
        refused = error
    else:
        return
    assert len(refused.problems) <= limits.PROBLEMS
    assert len(msgspec.json.encode([str(refused), refused.hint, refused.problems])) < 20_000


@pytest.mark.parametrize("size", [1_000, 2_000])
def test_a_worker_explains_no_more_than_the_door(size: int) -> None:
    task = handlers(None)["data_processing"]
    unknown = msgspec.json.encode({f"unknown{i}": 1 for i in range(size)}).decode()
    with pytest.raises(InvalidParameters) as refused:
        task.decode(unknown)
    assert len(refused.value.problems) == limits.PROBLEMS
