"""The caller's own connection: tasks are stored in his transaction, and announced by the server when that commits."""

import inspect
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from taskmill.core.errors import InvalidRequest
from taskmill.core.task import Task
from taskmill.stores.contract import Bell, Ear, Topic
from taskmill.stores.postgres.database import Connection
from taskmill.stores.postgres.notify import channel, payloads
from taskmill.stores.postgres.statements import statement
from taskmill.stores.postgres.tasks import add_in_transaction

VALUE = re.compile(r"\$(\d+)(?:::(\w+\[\]))?")


class CallerTransaction:
    """As much of a store as an enqueue needs. What fails is raised as the connection's own driver does."""

    def __init__(self, connection: object) -> None:
        """Raises InvalidRequest for what is no connection that can be joined."""
        self._db = adapted(connection)
        self._rung: list[tuple[str, str]] = []
        self.bell: Bell = self

    async def add(self, tasks: Sequence[Task]) -> dict[int, str]:
        """The queues must be known, and committed: two callers that both make a queue would wait for each other."""
        return await add_in_transaction(self._db, tasks)

    def ring(self, topic: Topic, items: Collection[str]) -> None:
        self._rung += [(channel(topic), payload) for payload in payloads(list(items or ("",)))]

    async def announce(self) -> None:
        if self._rung:
            await self._db.execute(statement("notify"), *(list(column) for column in zip(*self._rung, strict=True)))

    def listen(self, *topics: Topic) -> Ear:
        raise NotImplementedError


def is_asynchronous(connection: object) -> bool:
    return bool({"asyncpg.Connection", "asyncpg.PoolConnectionProxy"} & _kinds(connection)) or any(
        kind.partition(".")[2].startswith("Async") for kind in _kinds(connection)
    )


def adapted(connection: object) -> Connection:
    kinds = _kinds(connection)
    for names, adapter in ADAPTERS.items():
        if kinds & set(names):
            return adapter(connection)
    raise InvalidRequest(
        f"a {type(connection).__module__}.{type(connection).__qualname__} is no connection to enqueue on",
        hint="give a connection of asyncpg or psycopg 3, or a connection or session of SQLAlchemy on one of these",
    )


class Psycopg:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, query: str, *values: Any) -> Sequence[Any]:
        from psycopg.rows import tuple_row

        cursor = self._connection.cursor(row_factory=tuple_row)
        try:
            text = VALUE.sub(lambda found: f"%(p{found[1]})s" + (f"::{found[2]}" if found[2] else ""), query)
            await _settled(cursor.execute(text, _named(values)))
            return list(await _settled(cursor.fetchall()))
        finally:
            await _settled(cursor.close())

    async def fetchrow(self, query: str, *values: Any) -> Any:
        return (await self.fetch(query, *values))[0]

    execute = fetch


class SqlAlchemy:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, query: str, *values: Any) -> Sequence[Any]:
        from sqlalchemy import text

        named = text(VALUE.sub(lambda found: f"CAST(:p{found[1]} AS {found[2] or 'text[]'})", query))
        result = await _settled(self._connection.execute(named, _named(values)))
        return list(result.fetchall())

    async def fetchrow(self, query: str, *values: Any) -> Any:
        return (await self.fetch(query, *values))[0]

    execute = fetch


ADAPTERS: dict[tuple[str, ...], Callable[[Any], Connection]] = {
    ("asyncpg.Connection", "asyncpg.PoolConnectionProxy"): lambda connection: connection,
    ("psycopg.Connection", "psycopg.AsyncConnection"): Psycopg,
    (
        "sqlalchemy.Connection",
        "sqlalchemy.Session",
        "sqlalchemy.AsyncConnection",
        "sqlalchemy.AsyncSession",
    ): SqlAlchemy,
}
"""By package and class, so that nothing is imported to tell them apart."""


def _kinds(connection: object) -> set[str]:
    return {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(connection).__mro__}


def _named(values: Sequence[Any]) -> dict[str, Any]:
    return {f"p{number}": list(value) for number, value in enumerate(values, 1)}


async def _settled(value: Any) -> Any:
    """Both kinds of drivers have the same methods; those of one kind are awaited."""
    return await value if inspect.isawaitable(value) else value
