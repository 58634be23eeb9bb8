"""The audit: a chain of lines, which grows at its end and is purged from its beginning."""

import json
from collections.abc import Sequence
from itertools import chain

from taskmill.core.audit import AuditEntry, ChainEnd, Line, chained
from taskmill.stores.contract import AuditFilter
from taskmill.stores.cursors import NEWEST
from taskmill.stores.sqlite import statements
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.statements import chunks, statement

PURGED = {"kind": "audit", "id": "purged"}
"""The record of the end of what was purged."""


def append_audit(db: Database, entries: Sequence[AuditEntry]) -> None:
    with db.durable:
        last = db.one(statement("audit_end"))
        for some in chunks(chained(ChainEnd(*json.loads(last)) if last else audit_purged(db), entries)):
            db.execute(statement("append_audit", len(some)), tuple(chain.from_iterable(some)))


def audit(db: Database, where: AuditFilter, limit: int, before: int | None = None) -> list[Line]:
    values = where._asdict() | {"below": NEWEST if before is None else before, "limit": limit}
    return statements.lines(db.one(statement("audit"), values))


def audit_after(db: Database, number: int, limit: int) -> list[Line]:
    return statements.lines(db.one(statement("audit_after"), {"number": number, "limit": limit}))


def purge_audit(db: Database, before: int, limit: int) -> int:
    with db.durable:
        gone = [line for line in audit_after(db, audit_purged(db).number, limit) if line.at < before]
        if gone:
            end = ChainEnd(gone[-1].number, gone[-1].hash)
            db.execute(statement("put_record"), PURGED | {"value": json.dumps(end)})
            db.execute(statement("drop_audit"), {"number": end.number})
        return len(gone)


def audit_purged(db: Database) -> ChainEnd:
    found = statements.holders(db.one(statement("records"), {"kind": "audit", "ids": None}))
    return ChainEnd(*json.loads(found["purged"])) if found else ChainEnd()
