"""Records and the audit of the memory store."""

import threading
from collections.abc import Collection, Sequence
from itertools import islice, takewhile

from taskmill.core.audit import AuditEntry, ChainEnd, Line, chained
from taskmill.stores.contract import AuditFilter


class MemoryRecords:
    def __init__(self) -> None:
        self._records_lock = threading.Lock()
        self._records: dict[str, dict[str, str]] = {}
        self._audit: list[Line] = []
        self._audit_purged = ChainEnd()

    async def put_record(self, kind: str, id: str, value: str, *, only_new: bool = False) -> bool:
        with self._records_lock:
            there = self._records.setdefault(kind, {})
            if only_new and id in there:
                return False
            there[id] = value
            return True

    async def records(self, kind: str, ids: Collection[str] | None = None) -> dict[str, str]:
        with self._records_lock:
            there = self._records.get(kind, {})
            return {id: there[id] for id in sorted(there if ids is None else there.keys() & set(ids))}

    async def drop_records(self, kind: str, ids: Collection[str]) -> int:
        with self._records_lock:
            there = self._records.get(kind, {})
            return sum(there.pop(id, None) is not None for id in set(ids))

    async def append_audit(self, entries: Sequence[AuditEntry]) -> None:
        with self._records_lock:
            end = ChainEnd(self._audit[-1].number, self._audit[-1].hash) if self._audit else self._audit_purged
            self._audit += chained(end, entries)

    async def audit(self, where: AuditFilter, limit: int, before: int | None = None) -> list[Line]:
        def wanted(line: Line) -> bool:
            return (
                all(getattr(where, name) in (None, getattr(line, name)) for name in ("who", "face", "action", "target"))
                and (before is None or line.number < before)
                and (where.after is None or line.at > where.after)
                and (where.before is None or line.at < where.before)
            )

        with self._records_lock:
            return list(islice(filter(wanted, reversed(self._audit)), limit))

    async def audit_after(self, number: int, limit: int) -> list[Line]:
        with self._records_lock:
            return [line for line in self._audit if line.number > number][:limit]

    async def purge_audit(self, before: int, limit: int) -> int:
        with self._records_lock:
            gone = list(islice(takewhile(lambda line: line.at < before, self._audit), limit))
            if gone:
                self._audit_purged = ChainEnd(gone[-1].number, gone[-1].hash)
                del self._audit[: len(gone)]
            return len(gone)

    async def audit_purged(self) -> ChainEnd:
        return self._audit_purged
