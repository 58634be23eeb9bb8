"""One connection to the server: how it is made, and what is asked of it."""

from collections.abc import Sequence
from typing import Any, Protocol

import asyncpg

from taskmill.stores.contract import Durability

CONNECT = 5.0
COMMAND = 10.0
"""Seconds until a server that does not answer is given up. It gives up by itself a little sooner."""

SETTINGS = {
    "application_name": "taskmill",
    # A plan is made once, and never from what the tables happened to look like at that moment: every statement has an
    # index that it is made for, and joins a few rows to it.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    # Nothing that stands still holds others up for long: a query, a client that is frozen, a link that is cut.
    "statement_timeout": "9000",
    "idle_in_transaction_session_timeout": "9000",
    "tcp_user_timeout": "9000",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
}


class Connection(Protocol):
    """What the statements need of a connection: asyncpg's has it."""

    async def fetch(self, query: str, *values: Any) -> Sequence[Any]: ...

    async def fetchrow(self, query: str, *values: Any) -> Any:
        """The first row."""
        ...

    async def execute(self, query: str, *values: Any) -> object: ...


async def connect(url: str, durability: Durability) -> asyncpg.Connection:
    """Raises what asyncpg does: see failures.py."""
    settings = SETTINGS if durability == "power" else SETTINGS | {"synchronous_commit": "off"}
    try:
        connection = await _connected(url, server_settings=settings)
    except (asyncpg.ProtocolViolationError, asyncpg.UndefinedObjectError):
        return await _connected(url, statement_cache_size=0)
    try:
        if await connection.fetchval("SELECT pg_backend_pid()") == connection.get_server_pid():
            return connection
    except BaseException:
        connection.terminate()
        raise
    await connection.close()
    return await _connected(url, statement_cache_size=0)


def is_pooled(connection: asyncpg.Connection) -> bool:
    """Whether something stands between that gives each transaction to another session, or that knows no settings."""
    return bool(connection.get_settings().application_name != SETTINGS["application_name"])


async def _connected(url: str, **options: Any) -> asyncpg.Connection:
    keep = {"max_cached_statement_lifetime": 0}
    return await asyncpg.connect(url, timeout=CONNECT, command_timeout=COMMAND, **keep, **options)
