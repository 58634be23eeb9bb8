"""The store in a PostgreSQL database: each verb of the contract is a function of the modules beside this one."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence, Set
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncpg

from taskmill.core.task import Attempt, Task
from taskmill.stores.contract import Bell, Durability
from taskmill.stores.postgres import audit as auditing
from taskmill.stores.postgres import copy, reads, registry, tasks
from taskmill.stores.postgres import numbers as numbering
from taskmill.stores.postgres import records as documents
from taskmill.stores.postgres.database import TIMINGS, Pool, PostgresTimings
from taskmill.stores.postgres.notify import PostgresBell
from taskmill.stores.postgres.schema import migrate

T = TypeVar("T")
P = ParamSpec("P")


def verb(
    work: Callable[Concatenate[asyncpg.Connection, P], Awaitable[T]],
) -> "Callable[Concatenate[PostgresStore, P], Coroutine[Any, Any, T]]":
    """The method of the store that does `work` on one of its connections."""

    @wraps(work)
    def call(self: "PostgresStore", /, *values: P.args, **named: P.kwargs) -> Coroutine[Any, Any, T]:
        return self.pool.run(work, *values, **named)

    return call


class PostgresStore:
    """For the event loop on which it is opened."""

    def __init__(self, url: str, *, durability: Durability = "power", timings: PostgresTimings = TIMINGS) -> None:
        self.pool = Pool(url, durability, timings)
        self.location = self.pool.location
        self._bell = PostgresBell(self.pool)
        self.bell: Bell = self._bell
        self._queues: set[str] = set()
        """Names known to be in the table of queues."""

    async def open(self) -> None:
        self.pool.open()
        try:
            await self.pool.run(migrate, self.location)
        except BaseException:
            await self.pool.close()
            raise
        self._bell.open()

    async def close(self) -> None:
        await self._bell.close()
        await self.pool.close()

    clock = verb(registry.clock)
    ping = verb(registry.ping)

    async def add(self, tasks: Sequence[Task]) -> dict[int, str]:
        await self.add_queues({spec.queue for spec, _ in tasks})
        return await self._add(tasks)

    _add = verb(tasks.add)

    async def add_queues(self, names: Set[str]) -> None:
        """A queue of which no task is stored in the end does no harm."""
        new = names - self._queues
        if new:
            await self.pool.run(registry.add_queues, new)
            self._queues |= new

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

    find = verb(reads.find)
    ids_between = verb(reads.ids_between)
    count = verb(reads.count)
    attempts = verb(reads.attempts)
    stats = verb(reads.stats)
    waiting = verb(reads.waiting)

    export = verb(copy.export)

    async def restore(self, tasks: Sequence[Task], attempts: Sequence[Attempt]) -> list[str]:
        await self.add_queues({spec.queue for spec, _ in tasks})
        return await self._restore(tasks, attempts)

    _restore = verb(copy.restore)

    put_worker = verb(registry.put_worker)
    drop_worker = verb(registry.drop_worker)
    workers = verb(registry.workers)
    put_task_types = verb(registry.put_task_types)
    task_types = verb(registry.task_types)
    queues = verb(registry.queues)
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
    audit = verb(auditing.audit)
    audit_after = verb(auditing.audit_after)
    purge_audit = verb(auditing.purge_audit)
    audit_purged = verb(auditing.audit_purged)
