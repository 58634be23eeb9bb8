"""The store in one SQLite file: the verbs of the contract, each one call of the functions beside this file."""

import os
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

import apsw

from taskmill.core.errors import InvalidRequest, StoreError
from taskmill.core.state import State
from taskmill.core.task import Attempt, Claim, Decision, Task
from taskmill.stores.clock import microseconds
from taskmill.stores.contract import (
    Beat,
    Bell,
    ClaimQuery,
    Filter,
    Page,
    Promoted,
    QueueRow,
    Stats,
    TaskTypeRow,
    WorkerRow,
)
from taskmill.stores.copying import Export
from taskmill.stores.sqlite import adding, claiming, copying, keeping, reads, registry, saving
from taskmill.stores.sqlite.bell import SocketBell
from taskmill.stores.sqlite.database import Database, Durability
from taskmill.stores.sqlite.failures import explained

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Calls:
    """Where the functions run: on the caller's thread, or in the one thread of the store."""

    def __init__(self, path: str, *, durability: Durability, threaded: bool) -> None:
        self.path = path
        self._durability = durability
        self._database: Database | None = None
        self._mutex = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "taskmill-store") if threaded else None

    async def connect(self) -> None:
        if self._database is None:
            await self._there(self._open)

    async def disconnect(self) -> None:
        await self._there(self._close)

    async def run(self, work: Callable[[Database, *Ts], T], *values: *Ts) -> T:
        return await self._there(self._now, work, *values)

    async def _there(self, work: Callable[[*Ts], T], *values: *Ts) -> T:
        if self._thread is None:
            return work(*values)
        import asyncio  # megabytes, which a supervisor does without

        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *values)

    def _now(self, work: Callable[[Database, *Ts], T], *values: *Ts) -> T:
        try:
            with self._mutex:
                if self._database is None:
                    raise StoreError(f"the store {self.path} is not open", hint="await its open() first")
                return work(self._database, *values)
        except apsw.Error as error:
            raise explained(error, self.path) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise InvalidRequest(f"a value cannot be stored: {error}") from error

    def _open(self) -> None:
        try:
            with self._mutex:
                if self._database is None:
                    self._database = Database(self.path, self._durability)
        except apsw.Error as error:
            raise explained(error, self.path) from error

    def _close(self) -> None:
        with self._mutex:
            if self._database is not None:
                self._database.close()
            self._database = None


class SqliteStore(Calls):
    """`threaded`: verbs run in a thread of the store; for one event loop. Otherwise they run on the calling thread
    and never suspend. No use after a fork."""

    def __init__(self, path: str, *, durability: Durability = "power", threaded: bool = False) -> None:
        super().__init__(os.path.realpath(path), durability=durability, threaded=threaded)
        self.place = self.path
        self._bell = SocketBell(self.path)
        self.bell: Bell = self._bell
        # A long look at many tasks must not keep the verbs waiting: SQLite lets it read beside a writer.
        self._looks = Calls(self.path, durability=durability, threaded=True) if threaded else self

    async def add(self, tasks: Sequence[Task]) -> dict[int, str]:
        if self._thread is None:  # one coroutine less, on the way of every task
            return self._now(adding.add, tasks)
        return await self.run(adding.add, tasks)

    async def get(self, ids: Sequence[str]) -> dict[str, Task]:
        return await self.run(keeping.get, ids)

    async def claim(self, owner: str, lease: int, query: ClaimQuery, now: int | None = None) -> list[Claim]:
        return await self.run(claiming.claim, owner, lease, query, now)

    async def reclaim(
        self, owner: str, lease: int, limit: int, *, dead: Collection[str] = (), now: int | None = None
    ) -> list[Claim]:
        return await self.run(claiming.reclaim, owner, lease, limit, dead, now)

    async def extend(self, owner: str, beats: Sequence[Beat], lease: int, now: int | None = None) -> list[str]:
        return await self.run(saving.extend, owner, beats, lease, now)

    async def save(self, decisions: Sequence[Decision]) -> list[str]:
        return await self.run(saving.save, decisions)

    async def turn(
        self, owner: str, decisions: Sequence[Decision], lease: int, query: ClaimQuery, now: int | None = None
    ) -> tuple[list[str], list[Claim]]:
        return await self.run(saving.turn, owner, decisions, lease, query, now)

    async def promote(self, limit: int, now: int | None = None) -> Promoted:
        return await self.run(keeping.promote, limit, now)

    async def purge(
        self, limit: int, *, states: Collection[State], before: int, ids: Collection[str] | None = None
    ) -> int:
        return await self.run(keeping.purge, limit, states, before, ids)

    async def find(self, where: Filter, limit: int, cursor: str | None = None) -> Page:
        return await self._looks.run(reads.find, where, limit, cursor)

    async def count(self, where: Filter, limit: int) -> int:
        return await self._looks.run(reads.count, where, limit)

    async def attempts(self, id: str) -> list[Attempt]:
        return await self._looks.run(reads.attempts, id)

    async def stats(self) -> Stats:
        return await self._looks.run(reads.stats)

    async def export(self, limit: int, cursor: str | None = None) -> Export:
        return await self._looks.run(copying.export, limit, cursor)

    async def restore(self, tasks: Sequence[Task], attempts: Sequence[Attempt]) -> list[str]:
        return await self.run(copying.restore, tasks, attempts)

    async def put_worker(self, row: WorkerRow) -> None:
        await self.run(registry.put_worker, row)

    async def drop_worker(self, id: str) -> None:
        await self.run(registry.drop_worker, id)

    async def workers(self) -> list[WorkerRow]:
        return await self._looks.run(registry.workers)

    async def put_task_types(self, rows: Sequence[TaskTypeRow]) -> None:
        await self.run(registry.put_task_types, rows)

    async def task_types(self) -> list[TaskTypeRow]:
        return await self._looks.run(registry.task_types)

    async def queues(self) -> list[QueueRow]:
        return await self._looks.run(registry.queues)

    async def pause(self, queue: str, paused: bool) -> None:
        await self.run(registry.pause, queue, paused)

    async def clock(self) -> int:
        return microseconds()

    async def ping(self) -> int:
        return await self.run(registry.ping)

    async def open(self) -> None:
        await self.connect()
        await self._looks.connect()

    async def close(self) -> None:
        self._bell.close()
        await self.disconnect()
        await self._looks.disconnect()
