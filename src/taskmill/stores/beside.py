"""The part of the contract of stores that is about what lives beside tasks: queues, workers, task types; records and
the audit."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from taskmill.core.audit import AuditEntry, ChainEnd, Line


class QueueRow(NamedTuple):
    name: str
    paused: bool
    ready: int
    running: int
    scheduled: int


class TaskTypeRow(NamedTuple):
    name: str
    queue: str
    schema: str
    """JSON Schema (draft 2020-12) of the parameters object."""
    description: str
    options: str
    """JSON object: what its tasks get unless they say otherwise.

    attempt_limit: attempts in all; absent: 1. retry: a retry policy (core/retry.py) or null for the default one.
    timeout: seconds that one attempt may take, or null. executor: inline, threads or processes.
    priority: high, normal or low; absent: normal.
    """
    seen_at: int


class WorkerRow(NamedTuple):
    id: str
    host: str
    pid: int
    started_at: int
    seen_at: int
    queues: str
    """JSON array of names, or null for all."""
    slots: int
    running: int
    """How many tasks it has claimed."""
    version: str
    task_types: str = "null"
    """JSON array of the types that it can run, or null: it does not say."""


class AuditFilter(NamedTuple):
    """Every condition that is given must hold."""

    who: str | None = None
    face: str | None = None
    action: str | None = None
    target: str | None = None
    after: int | None = None
    before: int | None = None


class Registry(Protocol):
    """What lives beside tasks: workers, task types, queues."""

    async def put_worker(self, row: WorkerRow) -> None:
        """Insert or replace; `seen_at` is set by the store's clock."""
        ...

    async def drop_worker(self, id: str) -> None: ...

    async def workers(self) -> list[WorkerRow]: ...

    async def put_task_types(self, rows: Sequence[TaskTypeRow]) -> None:
        """Insert or replace; `seen_at` is set by the store's clock."""
        ...

    async def task_types(self) -> list[TaskTypeRow]: ...

    async def queues(self) -> list[QueueRow]:
        """Every queue that was ever named by a task, a pause or a task type; by name."""
        ...

    async def pause(self, queue: str, paused: bool) -> None:
        """A queue need not exist yet."""
        ...


class Records(Protocol):
    """Small documents that are neither tasks nor what workers say: users, sessions, tokens. Thousands of a kind."""

    async def put_record(self, kind: str, id: str, value: str, *, only_new: bool = False) -> bool:
        """Insert or replace a JSON document; `only_new`: insert it, or leave the one that is there.

        Returns whether it was done.
        """
        ...

    async def records(self, kind: str, ids: Collection[str] | None = None) -> dict[str, str]:
        """By id, in their order. `ids`: only those."""
        ...

    async def drop_records(self, kind: str, ids: Collection[str]) -> int:
        """Returns how many were there."""
        ...


class Audit(Protocol):
    """Lines that say who changed what (core/audit.py). They are written once, and in the end purged."""

    async def append_audit(self, entries: Sequence[AuditEntry]) -> None:
        """At the end of the chain, however many append at the same time."""
        ...

    async def audit(self, where: AuditFilter, limit: int, before: int | None = None) -> list[Line]:
        """Newest first. `before`: only lines with a lower number."""
        ...

    async def audit_after(self, number: int, limit: int) -> list[Line]:
        """All lines after that one, oldest first."""
        ...

    async def purge_audit(self, before: int, limit: int) -> int:
        """Delete the oldest lines, of before a time; returns how many. The end of what is gone stays known."""
        ...

    async def audit_purged(self) -> ChainEnd:
        """The end of what was purged: the first line there is goes on from it."""
        ...
