"""A few connections for one event loop, made when they are needed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

import asyncpg

from taskmill.core.errors import StoreError, StoreUnavailable
from taskmill.stores.contract import Durability
from taskmill.stores.postgres.connection import connect
from taskmill.stores.postgres.failures import explained

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MOST = 8
"""Connections at the same time."""
IDLE = 60.0
"""Seconds after which one that nobody uses is closed, if it is not the last."""
TRIES = 5
"""How often what another transaction stood in the way of is done."""
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 0.5
"""Seconds in which nobody knocks again at a server that could not be reached."""
FAREWELL = 2.0


class Pool:
    def __init__(self, url: str, durability: Durability, place: str) -> None:
        self.place = place
        self._url = url
        self._durability: Durability = durability
        self._idle: list[tuple[asyncpg.Connection, float]] = []
        """The one that was used last is the last, and is used next."""
        self._free = asyncio.Semaphore(MOST)
        self._pause = FIRST_PAUSE
        self._refused: tuple[float, StoreError] | None = None
        """Until when nobody tries to connect, and what was said."""
        self._open = False

    def open(self) -> None:
        self._open = True

    async def close(self) -> None:
        """Those that are in use are closed by whoever gives them back."""
        self._open = False
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            await _ended(connection)

    async def run(self, work: Callable[[asyncpg.Connection, *Ts], Awaitable[T]], *values: *Ts) -> T:
        """Raises errors of the contract."""
        async with self._free:
            for _ in range(TRIES - 1):
                try:
                    return await self._once(work, *values)
                except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                    await asyncio.sleep(0)
            try:
                return await self._once(work, *values)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
                raise explained(error, self.place) from error

    async def connect(self) -> asyncpg.Connection:
        """One more, which the caller closes."""
        if self._refused is not None and time.monotonic() < self._refused[0]:
            said = self._refused[1]
            raise type(said)(str(said), hint=said.hint)
        try:
            connection = await connect(self._url, self._durability)
        except Exception as error:
            refusal = explained(error, self.place)
            if isinstance(refusal, StoreUnavailable):
                self._refused = time.monotonic() + self._pause, refusal
                self._pause = min(self._pause * 2, LONGEST_PAUSE)
            raise refusal from (None if isinstance(error, ValueError) else error)
        self._refused, self._pause = None, FIRST_PAUSE
        return connection

    async def _once(self, work: Callable[[asyncpg.Connection, *Ts], Awaitable[T]], *values: *Ts) -> T:
        connection = await self._taken()
        try:
            answer = await work(connection, *values)
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
            self._give_back(connection)
            raise
        except asyncpg.PostgresError as error:
            if error.severity == "FATAL":  # the server closes it
                connection.terminate()
            self._give_back(connection)
            raise explained(error, self.place) from error
        except BaseException as error:  # nobody knows in which state it is
            connection.terminate()
            if isinstance(error, Exception):
                raise explained(error, self.place) from error
            raise
        self._give_back(connection)
        return answer

    async def _taken(self) -> asyncpg.Connection:
        if not self._open:
            raise StoreError(f"the store {self.place} is not open", hint="await its open() first")
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self.connect()

    def _give_back(self, connection: asyncpg.Connection) -> None:
        if not self._open:
            connection.terminate()
        elif not connection.is_closed():
            now = time.monotonic()
            self._idle.append((connection, now))
            if now - self._idle[0][1] > IDLE:
                self._idle.pop(0)[0].terminate()


async def _ended(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=FAREWELL)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
