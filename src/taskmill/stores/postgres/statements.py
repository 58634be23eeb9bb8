"""The text of every statement, from sql/*.sql, and the types of core/ that the rows of its answer become.

A file says {spec}, {head}, … for the columns and {tasks}, {decisions}, … for the arrays of values; both come from the
fields of the types, so that a field is added there and in the schema alone (and in _TYPES, unless it is text).

A batch goes in as one array for each column: one statement, prepared once, serves every length.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from taskmill.core.audit import Line
from taskmill.core.state import State
from taskmill.core.task import Attempt, Claim, Head, Spec, Task
from taskmill.stores.contract import Promotion, TaskTypeRow, WorkerRow

FOLDER = Path(__file__).with_name("sql")
TASK = Spec._fields + Head._fields
DECISION = ("id", *Head._fields)
SPEC_WIDTH, HEAD_WIDTH = len(Spec._fields), len(Head._fields)
STATES = {str(state): state for state in State}

_TIMES = ("created_at", "run_at", "lease_until", "started_at", "finished_at", "timeout", "expires_at")
_NUMBERS = ("attempt_limit", "version", "attempt", "losses", "crashes", "number", "at", "affected")
_TYPES = dict.fromkeys(_TIMES + _NUMBERS, "bigint") | {"priority": "smallint", "cancel": "boolean"}
"""Of the columns that are not text."""
Pick = Literal["with_pick_by_queue", "with_pick_by_id"]
_WIDTH: dict[Pick, int] = {"with_pick_by_queue": 9, "with_pick_by_id": 9}
"""How many values a claim has."""


def _names(fields: tuple[str, ...], prefix: str = "") -> str:
    return ", ".join(prefix + name for name in fields)


def _arrays(fields: tuple[str, ...], first: int) -> str:
    return ", ".join(f"${i}::{_TYPES.get(name, 'text')}[]" for i, name in enumerate(fields, first))


def _values(fields: tuple[str, ...]) -> str:
    return ", ".join(f"${i}::{_TYPES.get(name, 'text')}" for i, name in enumerate(fields, 1))


def _set(fields: tuple[str, ...], source: str) -> str:
    return ", ".join(f"{name} = {source}.{name}" for name in fields)


_FILL = {
    "spec": _names(Spec._fields),
    "head": _names(Head._fields),
    "values": _values(TASK),
    "tasks": _arrays(TASK, 1),
    "decisions": _arrays(DECISION, 1),
    "attempts": _arrays(Attempt._fields, 1),
    "set": _set(Head._fields, "decision"),
    "task": _names(TASK, "task."),
    "claim": _names(TASK, "task."),
    "attempt": _names(Attempt._fields),
    "worker": _names(WorkerRow._fields),
    "worker_set": _set(WorkerRow._fields[1:], "excluded"),
    "task_type": _names(TaskTypeRow._fields),
    "task_type_set": _set(TaskTypeRow._fields[1:], "excluded"),
    "line": _names(Line._fields),
    "lines": _arrays(Line._fields, 1),
    "promotion": _names(Promotion._fields, "task."),
    "stale": "SELECT array_agg(id) FROM decision WHERE (id IN (SELECT id FROM saved)) IS NOT TRUE",
    "start": "state = 'running', version = task.version + 1, attempt = task.attempt + 1, progress = NULL, "
    "lease_owner = $1, lease_until = moment.now + $2, started_at = moment.now, expires_at = NULL",
    "clock": "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    "hasty": "set_config('synchronous_commit', 'off', true)",
}


@cache
def statement(name: str, **parts: str) -> str:
    """`parts`: what stands where the file says so, beside what is the same for all."""
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return text.format(**_FILL | parts).strip()


@cache
def claim(pick: Pick) -> str:
    return statement("claim", **_claiming(pick))


@cache
def turn(pick: Pick) -> str:
    """The values of the claim, then those of the save. All is saved before anything is picked."""
    saved_first = "AND (SELECT count(*) FROM saved) >= 0"
    return statement("turn", **_claiming(pick, saved_first), with_saved=_saved(_WIDTH[pick] + 1))


@cache
def save() -> str:
    return statement("save", with_saved=_saved(1))


@cache
def purge(finished: Literal["with_finished", "with_finished_by_id"]) -> str:
    return statement("purge", with_finished=statement(finished))


def _claiming(pick: Pick, after_saved: str = "") -> dict[str, str]:
    by_queue = pick == "with_pick_by_queue"
    order = "task.priority, task.run_at, task.seq"
    if by_queue:
        order = f"task.queue <= $9::text, CASE WHEN $9 IS NULL THEN '' ELSE task.queue END, {order}"
    return {
        "order": order,
        "with_moment": statement("with_moment"),
        "with_pick": statement(pick, after_saved=after_saved, order=order),
        "with_started": statement("with_started"),
        "found": "SELECT coalesce(sum(size), 0)::bigint FROM share" if by_queue else "0::bigint",
    }


def _saved(first: int) -> str:
    """`first`: the number of its first value."""
    attempts = _arrays(Attempt._fields, first + len(DECISION))
    return statement("with_saved", decisions=_arrays(DECISION, first), attempts=attempts)


def columns(rows: Iterable[Sequence[Any]], fields: Sequence[str]) -> list[Sequence[Any]]:
    """One array for each field."""
    return list(zip(*rows, strict=True)) or [()] * len(fields)


def read_task(row: Any, start: int = 0) -> Task:
    """From the columns of a spec and a head, beginning with number `start`."""
    return Task(*_halves(row, start))


def read_claim(row: Any, start: int = 0) -> Claim:
    return Claim(*_halves(row, start))


def _halves(row: Any, start: int) -> tuple[Spec, Head]:
    middle = start + SPEC_WIDTH
    state, *rest = row[middle : middle + HEAD_WIDTH]
    return Spec._make(row[start:middle]), Head(STATES[state], *rest)
