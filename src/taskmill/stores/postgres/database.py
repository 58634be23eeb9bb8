"""Connections to the server: how one is made, what is asked of it, and a few of them for one event loop."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

import asyncpg

from taskmill.core.errors import StoreError, StoreUnavailable
from taskmill.stores.contract import Durability
from taskmill.stores.postgres.errors import explained

T = TypeVar("T")
P = ParamSpec("P")

CONNECTIONS = 8
"""At the same time, beside the one that listens."""
TRIES = 5
"""How often what another transaction stood in the way of is done."""
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
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
}


@dataclass(frozen=True)
class PostgresTimings:
    """In seconds."""

    connect_timeout: float = 5.0
    command_timeout: float = 10.0
    """After which a server that does not answer is given up."""
    server_timeout: float = 9.0
    """After which the server itself gives up what stands still and holds others up: a query, a client that is frozen, a
    link that is cut."""
    idle_timeout: float = 60.0
    """After which a connection that nobody uses is closed, if it is not the last."""
    close_timeout: float = 2.0
    first_connect_pause: float = 0.05
    longest_connect_pause: float = 0.5
    """In which nobody tries again to connect to a server that could not be reached."""
    leave_pause: float = 0.5
    """Before the connections to a server that is read-only are left once more."""
    first_notify_pause: float = 0.001
    longest_notify_pause: float = 0.01
    """Between two notifications: longer each time, as long as something is rung in every pause."""
    listen_timeout: float = 1.0
    """How long a ring waits until this process listens, if it is about to."""
    check_interval: float = 4.0
    """Silence after which the connection that listens is asked whether it still stands, and its time to answer."""
    first_listen_pause: float = 0.1
    longest_listen_pause: float = 5.0
    """Before it is made anew."""


TIMINGS = PostgresTimings()


class Connection(Protocol):
    """What the statements need of a connection: asyncpg's has it."""

    async def fetch(self, query: str, *values: Any) -> Sequence[Any]: ...

    async def fetchrow(self, query: str, *values: Any) -> Any:
        """The first row."""
        ...

    async def execute(self, query: str, *values: Any) -> object: ...


class Pool:
    """Not asyncpg's: it makes a task of the loop for each connection that is given back, so that a lone statement costs
    twice as much. Nor would it keep callers from a server that has just been found unreachable."""

    def __init__(self, url: str, durability: Durability, timings: PostgresTimings = TIMINGS) -> None:
        self.location = location_of(url)
        self.timings = timings
        self._url = url
        self._durability: Durability = durability
        self._idle: list[tuple[asyncpg.Connection, float]] = []
        """The one that was used last is the last, and is used next."""
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._pause = timings.first_connect_pause
        self._refused: tuple[float, StoreError] | None = None
        """Until when nobody tries to connect, and what was said."""
        self.left_at = float("-inf")
        """When all connections were left because a server was not the primary (monotonic)."""
        self._open = False

    def open(self) -> None:
        self._open = True

    async def close(self) -> None:
        """Those that are in use are closed by whoever gives them back."""
        self._open = False
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            try:
                await connection.close(timeout=self.timings.close_timeout)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()

    async def run(
        self, work: Callable[Concatenate[asyncpg.Connection, P], Awaitable[T]], *values: P.args, **named: P.kwargs
    ) -> T:
        """Raises errors of the contract."""
        async with self._free:
            tries = TRIES
            while True:
                connection = await self._taken()
                try:
                    answer = await work(connection, *values, **named)
                except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
                    self._return_connection(connection)
                    tries -= 1
                    if not tries:
                        raise explained(error, self.location) from error
                    await asyncio.sleep(0)
                except asyncpg.ReadOnlySQLTransactionError as error:
                    tries -= 1
                    if not tries or not self._leave(connection):
                        self._return_connection(connection)
                        raise explained(error, self.location) from error
                except asyncpg.PostgresError as error:
                    if error.severity in ("FATAL", "PANIC"):  # the server closes it
                        connection.terminate()
                    self._return_connection(connection)
                    raise explained(error, self.location) from error
                except BaseException as error:  # nobody knows in which state it is
                    connection.terminate()
                    if isinstance(error, Exception):
                        raise explained(error, self.location) from error
                    raise
                else:
                    self._return_connection(connection)
                    return answer

    async def connect(self) -> asyncpg.Connection:
        """One more, which the caller closes."""
        if self._refused is not None and time.monotonic() < self._refused[0]:
            said = self._refused[1]
            raise type(said)(str(said), hint=said.hint)
        try:
            connection = await connect(self._url, self._durability, self.timings)
        except Exception as error:
            refusal = explained(error, self.location)
            if isinstance(refusal, StoreUnavailable):
                self._refused = time.monotonic() + self._pause, refusal
                self._pause = min(self._pause * 2, self.timings.longest_connect_pause)
            raise refusal from (None if isinstance(error, ValueError) else error)
        self._refused, self._pause = None, self.timings.first_connect_pause
        return connection

    def _leave(self, connection: asyncpg.Connection) -> bool:
        """The server is not the primary (any more): all connections are left, since new ones may lead to another. Not
        again soon: what can only be read is still read."""
        now = time.monotonic()
        if now - self.left_at < self.timings.leave_pause:
            return False
        self.left_at = now
        for left in (connection, *(idle for idle, _ in self._idle)):
            left.terminate()
        self._idle.clear()
        return True

    async def _taken(self) -> asyncpg.Connection:
        if not self._open:
            raise StoreError(f"the store {self.location} is not open", hint="await its open() first")
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self.connect()

    def _return_connection(self, connection: asyncpg.Connection) -> None:
        if not self._open:
            connection.terminate()
        elif not connection.is_closed():
            now = time.monotonic()
            self._idle.append((connection, now))
            if now - self._idle[0][1] > self.timings.idle_timeout:
                self._idle.pop(0)[0].terminate()


async def connect(url: str, durability: Durability, timings: PostgresTimings = TIMINGS) -> asyncpg.Connection:
    """Raises what asyncpg does: see errors.py."""
    limit = str(round(timings.server_timeout * 1000))
    limits = dict.fromkeys(("statement_timeout", "idle_in_transaction_session_timeout", "tcp_user_timeout"), limit)
    settings = SETTINGS | limits | ({} if durability == "power" else {"synchronous_commit": "off"})

    async def connected(**options: Any) -> asyncpg.Connection:
        return await asyncpg.connect(
            url,
            timeout=timings.connect_timeout,
            command_timeout=timings.command_timeout,
            max_cached_statement_lifetime=0,
            **options,
        )

    try:
        connection = await connected(server_settings=settings)
    except (asyncpg.ProtocolViolationError, asyncpg.UndefinedObjectError):  # of a pooler that takes no settings
        return await connected(statement_cache_size=0)
    try:
        if await connection.fetchval("SELECT pg_backend_pid()") == connection.get_server_pid():
            return connection
    except BaseException:
        connection.terminate()
        raise
    await connection.close()
    return await connected(statement_cache_size=0)


def is_pooled(connection: asyncpg.Connection) -> bool:
    """Whether something stands between that gives each transaction to another session, or that knows no settings."""
    return bool(connection.get_settings().application_name != SETTINGS["application_name"])


def location_of(url: str) -> str:
    """host:port/database, of what the URL says and of what is taken where it says nothing. Without secrets."""
    user, _, rest = url.partition("://")[2].rpartition("@")  # the last one: a password may hold what it must not
    parts = urlsplit(f"//{rest}")
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    hosts = parts.netloc or asked.get("host") or os.environ.get("PGHOST", "localhost")
    port = asked.get("port") or os.environ.get("PGPORT", "5432")
    owner = user.partition(":")[0] or asked.get("user") or os.environ.get("PGUSER", "")
    database = (
        parts.path.strip("/") or asked.get("dbname") or asked.get("database") or os.environ.get("PGDATABASE", owner)
    )
    with_ports = [host if ":" in host.rpartition("]")[2] else f"{host}:{port}" for host in hosts.split(",")]
    return f"{','.join(with_ports)}/{database}"
