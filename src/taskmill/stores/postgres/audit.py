"""The audit: a chain of lines, which grows at its end and is purged from its beginning."""

import json
from collections.abc import Sequence

from asyncpg import Connection

from taskmill.core.audit import AuditEntry, ChainEnd, Line, chained
from taskmill.stores.contract import AuditFilter
from taskmill.stores.cursors import NEWEST
from taskmill.stores.postgres.records import put_record, records
from taskmill.stores.postgres.statements import columns, statement


async def append_audit(db: Connection, entries: Sequence[AuditEntry]) -> None:
    async with db.transaction():
        await db.execute(statement("lock_audit"))
        last = await db.fetchrow(statement("audit_end"))
        lines = chained(ChainEnd(*last) if last else await audit_purged(db), entries)
        await db.execute(statement("append_audit"), *columns(lines, Line._fields))


async def audit(db: Connection, where: AuditFilter, limit: int, before: int | None = None) -> list[Line]:
    below = NEWEST if before is None else before
    return [Line._make(row) for row in await db.fetch(statement("audit"), below, limit, *where)]


async def audit_after(db: Connection, number: int, limit: int) -> list[Line]:
    return [Line._make(row) for row in await db.fetch(statement("audit_after"), number, limit)]


async def purge_audit(db: Connection, before: int, limit: int) -> int:
    async with db.transaction():
        await db.execute(statement("lock_audit"))
        gone = [line for line in await audit_after(db, (await audit_purged(db)).number, limit) if line.at < before]
        if gone:
            end = ChainEnd(gone[-1].number, gone[-1].hash)
            await put_record(db, "audit", "purged", json.dumps(end))
            await db.execute(statement("drop_audit"), end.number)
        return len(gone)


async def audit_purged(db: Connection) -> ChainEnd:
    """The record of the end of what was purged."""
    found = await records(db, "audit")
    return ChainEnd(*json.loads(found["purged"])) if found else ChainEnd()
