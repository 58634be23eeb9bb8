"""The text of every statement, from sql/*.sql, and the types that its answer is read into.

A file says {spec}, {head}, … for the columns and {task_rows}, {decision_rows}, … for as many rows of values as a batch
has; both come from the fields of the types, so that a field is added there and in the schema alone.
Every step of a statement gives up the interpreter's lock, and with a busy thread in the process getting it back
takes milliseconds. So batches are few statements of many rows, and what is read comes back as one row of JSON.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Generic, TypeVar

from taskmill.core.audit import Line
from taskmill.core.task import Attempt, Claim, Head, Spec, Task
from taskmill.stores.contract import Beat, Promotion, QueueRow, TaskTypeRow, Waiting, WorkerRow

T = TypeVar("T")
FOLDER = Path(__file__).with_name("sql")

LARGEST = 128
"""Rows in one statement. apsw keeps prepared statements of up to 16 KB of text, so larger is slower."""


def _names(fields: Iterable[str]) -> str:
    return ", ".join(fields)


def _head(**changed: str) -> str:
    """A head as a JSON array, with some of its fields as they will be."""
    fields = {name: name for name in Head._fields} | {"cancel": "iif(cancel, json('true'), json('false'))"} | changed
    return f"json_array({_names(fields.values())})"


def _pair(head: str) -> str:
    return f"json_array(json_array({_names(Spec._fields)}), {head})"


DECISION = ("id", *Head._fields)
_LEASE = {"version": "version + 1", "lease_owner": ":owner", "lease_until": ":until"}
_FILL = {
    "spec": _names(Spec._fields),
    "head": _names(Head._fields),
    "set": _names(f"{name} = decision.column{i}" for i, name in enumerate(DECISION, 1) if name != "id"),
    "new_version": f"decision.column{DECISION.index('version') + 1}",
    "task": _pair(_head()),
    "claim": _pair(
        _head(**_LEASE, state="'running'", attempt="attempt + 1", progress="NULL", started_at=":now", expires_at="NULL")
    ),
    "taken": _pair(_head(**_LEASE)),
    "promotion": "json_array(id, task_type, queue, priority, version + 1, attempt)",
    "attempt": _names(Attempt._fields),
    "worker": _names(WorkerRow._fields),
    "task_type": _names(TaskTypeRow._fields),
    "line": _names(Line._fields),
}
_ROWS = {
    "task_rows": Spec._fields + Head._fields,
    "decision_rows": DECISION,
    "attempt_rows": Attempt._fields,
    "beat_rows": Beat._fields,
    "worker_rows": WorkerRow._fields,
    "task_type_rows": TaskTypeRow._fields,
    "line_rows": Line._fields,
}


@cache
def statement(name: str, rows: int = 0, picks: str = "") -> str:
    """`rows`: how many, where the file says {…_rows}; `picks`: a query, where it says {picks}."""
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    values = {kind: _names([f"({_names('?' * len(fields))})"] * rows) for kind, fields in _ROWS.items()}
    return text.format(**_FILL, **values, picks=picks).strip()


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Powers of two, so that few different statements serve every length."""
    start, left, size = 0, len(items), LARGEST
    while left:
        while size > left:
            size //= 2
        yield items[start : start + size]
        start += size
        left -= size


def array(words: Iterable[str] | None) -> str | None:
    """For json_each; None stays None."""
    return None if words is None else json.dumps(list(words))


class Reader(Generic[T]):
    """Reads one shape from JSON. msgspec weighs 8 MB, which a supervisor does without until it has to read."""

    def __init__(self, shape: type[T]) -> None:
        self._shape = shape

    def __call__(self, text: str) -> T:
        return self._decode(text)

    @cached_property
    def _decode(self) -> Callable[[str], T]:
        import msgspec

        return msgspec.json.Decoder(self._shape).decode


tasks = Reader(list[Task])
claims = Reader(list[Claim])
attempts = Reader(list[Attempt])
numbered = Reader(list[tuple[int, Task]])
numbers = Reader(dict[str, int])
pairs = Reader(set[tuple[str, int]])
holders = Reader(dict[str, str])
words = Reader(list[str])
promotions = Reader(list[Promotion])
queues = Reader(list[QueueRow])
waiting = Reader(list[Waiting])
workers = Reader(list[WorkerRow])
task_types = Reader(list[TaskTypeRow])
lines = Reader(list[Line])
