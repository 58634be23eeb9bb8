"""Small documents beside tasks, by kind and id."""

from collections.abc import Collection

from taskmill.stores.sqlite import statements
from taskmill.stores.sqlite.database import Database
from taskmill.stores.sqlite.statements import array, statement


def put_record(db: Database, kind: str, id: str, value: str, *, only_new: bool = False) -> bool:
    text = statement("add_record" if only_new else "put_record")
    return db.durable.alone(text, {"kind": kind, "id": id, "value": value}) > 0


def records(db: Database, kind: str, ids: Collection[str] | None = None) -> dict[str, str]:
    return statements.holders(db.one(statement("records"), {"kind": kind, "ids": array(ids)}))


def drop_records(db: Database, kind: str, ids: Collection[str]) -> int:
    return db.durable.alone(statement("drop_records"), {"kind": kind, "ids": array(ids)})
