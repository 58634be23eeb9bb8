"""The store in one SQLite file: each verb of the contract is a function of the modules beside this one."""

import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import apsw

from taskmill.core import times
from taskmill.core.errors import InvalidRequest, StoreError, StoreUnavailable
from taskmill.stores.contract import Bell, Durability
from taskmill.stores.sqlite import audit as auditing
from taskmill.stores.sqlite import copy, reads, registry, tasks
from taskmill.stores.sqlite import numbers as numbering
from taskmill.stores.sqlite import records as documents
from taskmill.stores.sqlite.database import TIMINGS, Database, SqliteTimings
from taskmill.stores.sqlite.errors import explained
from taskmill.stores.sqlite.notify import SocketBell

T = TypeVar("T")
P = ParamSpec("P")


class SharedDatabase:
    """One connection, used by one thread at a time: the caller's, or a thread of its own."""

    def __init__(self, path: str, durability: Durability, timings: SqliteTimings, *, threaded: bool) -> None:
        self.path = path
        self.thread = ThreadPoolExecutor(1, "taskmill-store") if threaded else None
        self.database: Database | None = None
        self._make = partial(Database, path, durability, timings)
        self._mutex = threading.Lock()

    def run(self, work: Callable[Concatenate[Database, P], T], *values: P.args, **named: P.kwargs) -> T:
        """On this thread. Raises errors of the contract."""
        try:
            with self._mutex:
                if self.database is None:
                    raise StoreError(f"the store {self.path} is not open", hint="await its open() first")
                return work(self.database, *values, **named)
        except apsw.Error as error:
            raise explained(error, self.path) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise InvalidRequest(f"a value cannot be stored: {error}") from error

    async def on_its_thread(self, work: Callable[[], T]) -> T:
        """On the thread of the connection."""
        if self.thread is None:
            return work()
        import asyncio  # megabytes, which a supervisor does without

        try:
            there = asyncio.get_running_loop().run_in_executor(self.thread, work)
        except RuntimeError as error:  # threads take nothing more
            raise StoreUnavailable(f"the store {self.path} can't be used while this program ends: {error}") from None
        return await there

    def open(self) -> None:
        try:
            with self._mutex:
                if self.database is None:
                    self.database = self._make()
        except apsw.Error as error:
            raise explained(error, self.path) from error

    def close(self) -> None:
        with self._mutex:
            if self.database is not None:
                self.database.close()
            self.database = None


def verb(
    work: Callable[Concatenate[Database, P], T], *, reader: bool = False
) -> "Callable[Concatenate[SqliteStore, P], Coroutine[Any, Any, T]]":
    """The method of the store that does `work` on its connection, or on the one for long reads."""

    @wraps(work)
    async def call(self: "SqliteStore", /, *values: P.args, **named: P.kwargs) -> T:
        shared = self.reader if reader else self.writer
        if shared.thread is None:  # one coroutine less, on the way of every task
            return shared.run(work, *values, **named)
        return await shared.on_its_thread(partial(shared.run, work, *values, **named))

    return call


class SqliteStore:
    """`threaded`: verbs run in a thread of the store; for one event loop. Otherwise they run on the calling thread
    and never suspend. No use after a fork."""

    def __init__(
        self,
        path: str,
        *,
        durability: Durability = "power",
        threaded: bool = False,
        timings: SqliteTimings = TIMINGS,
    ) -> None:
        self.location = os.path.realpath(path)
        self.writer = SharedDatabase(self.location, durability, timings, threaded=threaded)
        # A long read of many tasks must not keep the verbs waiting: SQLite lets it read beside a writer.
        self.reader = SharedDatabase(self.location, durability, timings, threaded=True) if threaded else self.writer
        self._bell = SocketBell(self.location, timings.poll_interval)
        self.bell: Bell = self._bell

    async def open(self) -> None:
        await self.writer.on_its_thread(self.writer.open)
        await self.reader.on_its_thread(self.reader.open)

    async def close(self) -> None:
        self._bell.close()
        await self.writer.on_its_thread(self.writer.close)
        await self.reader.on_its_thread(self.reader.close)

    async def clock(self) -> int:
        return times.now()

    ping = verb(registry.ping)

    add = verb(tasks.add)
    get = verb(tasks.get)
    expired = verb(tasks.expired)
    claim = verb(tasks.claim)
    reclaim = verb(tasks.reclaim)
    extend = verb(tasks.extend)
    sustain = verb(tasks.sustain)
    save = verb(tasks.save)
    turn = verb(tasks.turn)
    promote = verb(tasks.promote)
    purge = verb(tasks.purge)

    find = verb(reads.find, reader=True)
    ids_between = verb(reads.ids_between, reader=True)
    count = verb(reads.count, reader=True)
    attempts = verb(reads.attempts, reader=True)
    stats = verb(reads.stats, reader=True)
    waiting = verb(reads.waiting, reader=True)

    export = verb(copy.export, reader=True)
    restore = verb(copy.restore)

    put_worker = verb(registry.put_worker)
    drop_worker = verb(registry.drop_worker)
    workers = verb(registry.workers, reader=True)
    put_task_types = verb(registry.put_task_types)
    task_types = verb(registry.task_types, reader=True)
    queues = verb(registry.queues, reader=True)
    pause = verb(registry.pause)

    number = verb(numbering.number)
    numbers = verb(numbering.numbers)
    numbered = verb(numbering.numbered)
    put_numbers = verb(numbering.put_numbers)
    set_parameters = verb(numbering.set_parameters)

    put_record = verb(documents.put_record)
    records = verb(documents.records)
    drop_records = verb(documents.drop_records)

    append_audit = verb(auditing.append_audit)
    audit = verb(auditing.audit, reader=True)
    audit_after = verb(auditing.audit_after, reader=True)
    purge_audit = verb(auditing.purge_audit)
    audit_purged = verb(auditing.audit_purged)
