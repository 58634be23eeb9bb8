"""The text of every statement, from sql/*.sql, with its column lists and rows filled in.

Every step of a statement gives up the interpreter's lock, and with a busy thread in the process getting it back
takes milliseconds. So batches are few statements of many rows, and what is read comes back as one row of JSON.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from taskmill.core.task import Attempt, Head, Spec
from taskmill.stores.contract import TaskTypeRow, WorkerRow

T = TypeVar("T")
FOLDER = Path(__file__).with_name("sql")

LARGEST = 128
"""Rows in one statement. apsw keeps prepared statements of up to 16 KB of text, so larger is slower."""


def _names(fields: Sequence[str]) -> str:
    return ", ".join(fields)


def _head(**moves: str) -> str:
    """A head as a JSON array, with some of its fields moved on."""
    fields = {name: name for name in Head._fields} | {"cancel": "iif(cancel, json('true'), json('false'))"} | moves
    return f"json_array({_names(list(fields.values()))})"


def _pair(head: str) -> str:
    return f"json_array(json_array({_names(Spec._fields)}), {head})"


_LEASE = {"version": "version + 1", "lease_owner": ":owner", "lease_until": ":until"}
_FILL = {
    "spec": _names(Spec._fields),
    "head": _names(Head._fields),
    "set": _names([f"{name} = decision.column{i}" for i, name in enumerate(Head._fields, 2)]),
    "task": _pair(_head()),
    "claim": _pair(_head(**_LEASE, state="'running'", attempt="attempt + 1", progress="NULL", started_at=":now")),
    "taken": _pair(_head(**_LEASE)),
    "promotion": "json_array(id, task_type, queue, priority, version + 1, attempt)",
    "attempt": _names(Attempt._fields),
    "worker": _names(WorkerRow._fields),
    "task_type": _names(TaskTypeRow._fields),
}


@cache
def statement(name: str, rows: int = 0, width: int = 0, picks: str = "") -> str:
    """`rows` of `width` values each, where the file says {rows}."""
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    row = f"({', '.join('?' * width)})"
    return text.format(**_FILL, rows=", ".join([row] * rows), picks=picks).strip()


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Powers of two, so that few different statements serve every length."""
    start, left, size = 0, len(items), LARGEST
    while left:
        while size > left:
            size //= 2
        yield items[start : start + size]
        start += size
        left -= size
