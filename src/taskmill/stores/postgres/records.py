"""Small documents beside tasks, by kind and id."""

from collections.abc import Collection

from asyncpg import Connection

from taskmill.stores.postgres.statements import statement


async def put_record(db: Connection, kind: str, id: str, value: str, *, only_new: bool = False) -> bool:
    return await db.fetchval(statement("add_record" if only_new else "put_record"), kind, id, value) is not None


async def records(db: Connection, kind: str, ids: Collection[str] | None = None) -> dict[str, str]:
    return dict(await db.fetch(statement("records"), kind, None if ids is None else list(ids)))


async def drop_records(db: Connection, kind: str, ids: Collection[str]) -> int:
    return int(await db.fetchval(statement("drop_records"), kind, list(ids)))
