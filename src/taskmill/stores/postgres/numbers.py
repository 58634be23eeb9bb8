"""Numbers of tasks, and the names that are changed by them."""

from collections.abc import Mapping, Sequence

from asyncpg import Connection

from taskmill.stores.postgres.statements import statement


async def number(db: Connection, id: str) -> int | None:
    await db.execute(statement("number"), id)
    return (await numbers(db, [id])).get(id)


async def numbers(db: Connection, ids: Sequence[str]) -> dict[str, int]:
    return dict(await db.fetch(statement("numbers"), ids))


async def numbered(db: Connection, number: int) -> str | None:
    id: str | None = await db.fetchval(statement("numbered"), number)
    return id


async def put_numbers(db: Connection, numbers: Mapping[str, int]) -> None:
    async with db.transaction():
        await db.execute(statement("put_numbers"), list(numbers.values()), list(numbers))
        await db.execute(statement("number_after"))


async def set_parameters(db: Connection, id: str, version: int, parameters: str) -> bool:
    return await db.fetchval(statement("set_parameters"), id, version, parameters) is not None
