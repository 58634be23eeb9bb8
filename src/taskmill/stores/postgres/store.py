"""The store in a PostgreSQL database: the verbs of the contract, each one call of the functions beside this file."""

from collections.abc import Collection, Sequence, Set

from taskmill.core.state import State
from taskmill.core.task import Attempt, Claim, Decision, Task
from taskmill.stores.contract import (
    Beat,
    Bell,
    ClaimQuery,
    Durability,
    Filter,
    Page,
    Promoted,
    QueueRow,
    Stats,
    TaskTypeRow,
    WorkerRow,
)
from taskmill.stores.contract import Export
from taskmill.stores.postgres import adding, claiming, copying, keeping, reads, registry, saving
from taskmill.stores.postgres.bell import PostgresBell
from taskmill.stores.postgres.claiming import Wanted
from taskmill.stores.postgres.place import place_of
from taskmill.stores.postgres.pool import Pool
from taskmill.stores.postgres.schema import migrate


class PostgresStore:
    """For the event loop on which it is opened."""

    def __init__(self, url: str, *, durability: Durability = "power") -> None:
        self.place = place_of(url)
        self._pool = Pool(url, durability, self.place)
        self._run = self._pool.run
        self._bell = PostgresBell(self._pool)
        self.bell: Bell = self._bell
        self._queues: set[str] = set()
        """Names known to be in the table of queues."""

    async def add(self, tasks: Sequence[Task]) -> dict[int, str]:
        await self.add_queues({spec.queue for spec, _ in tasks})
        return await self._run(adding.add_alone, tasks)

    async def get(self, ids: Sequence[str]) -> dict[str, Task]:
        return await self._run(keeping.get, ids)

    async def claim(self, owner: str, lease: int, query: ClaimQuery, now: int | None = None) -> list[Claim]:
        wanted = Wanted(owner, lease, query, now)
        return [] if wanted.nothing else await self._run(claiming.claim, wanted)

    async def reclaim(
        self, owner: str, lease: int, limit: int, *, dead: Collection[str] = (), now: int | None = None
    ) -> list[Claim]:
        return await self._run(claiming.reclaim, owner, lease, limit, dead, now)

    async def extend(self, owner: str, beats: Sequence[Beat], lease: int, now: int | None = None) -> list[str]:
        return await self._run(saving.extend, owner, beats, lease, now)

    async def save(self, decisions: Sequence[Decision]) -> list[str]:
        return await self._run(saving.save, decisions)

    async def turn(
        self, owner: str, decisions: Sequence[Decision], lease: int, query: ClaimQuery, now: int | None = None
    ) -> tuple[list[str], list[Claim]]:
        wanted = Wanted(owner, lease, query, now)
        return await self._run(saving.turn, decisions, wanted)

    async def promote(self, limit: int, now: int | None = None) -> Promoted:
        return await self._run(keeping.promote, limit, now)

    async def purge(
        self, limit: int, *, states: Collection[State], before: int, ids: Collection[str] | None = None
    ) -> int:
        return await self._run(keeping.purge, limit, states, before, ids)

    async def find(self, where: Filter, limit: int, cursor: str | None = None) -> Page:
        return await self._run(reads.find, where, limit, cursor)

    async def count(self, where: Filter, limit: int) -> int:
        return await self._run(reads.count, where, limit)

    async def attempts(self, id: str) -> list[Attempt]:
        return await self._run(reads.attempts, id)

    async def stats(self) -> Stats:
        return await self._run(reads.stats)

    async def export(self, limit: int, cursor: str | None = None) -> Export:
        return await self._run(copying.export, limit, cursor)

    async def restore(self, tasks: Sequence[Task], attempts: Sequence[Attempt]) -> list[str]:
        await self.add_queues({spec.queue for spec, _ in tasks})
        return await self._run(copying.restore, tasks, attempts)

    async def put_worker(self, row: WorkerRow) -> None:
        await self._run(registry.put_worker, row)

    async def drop_worker(self, id: str) -> None:
        await self._run(registry.drop_worker, id)

    async def workers(self) -> list[WorkerRow]:
        return await self._run(registry.workers)

    async def put_task_types(self, rows: Sequence[TaskTypeRow]) -> None:
        await self._run(registry.put_task_types, rows)

    async def task_types(self) -> list[TaskTypeRow]:
        return await self._run(registry.task_types)

    async def queues(self) -> list[QueueRow]:
        return await self._run(registry.queues)

    async def pause(self, queue: str, paused: bool) -> None:
        await self._run(registry.pause, queue, paused)

    async def clock(self) -> int:
        return await self._run(registry.clock)

    async def ping(self) -> int:
        return await self._run(registry.ping)

    async def open(self) -> None:
        self._pool.open()
        try:
            await self._run(migrate, self.place)
        except BaseException:
            await self._pool.close()
            raise
        self._bell.open()

    async def close(self) -> None:
        await self._bell.close()
        await self._pool.close()

    async def add_queues(self, names: Set[str]) -> None:
        """A queue of which no task is stored in the end does no harm."""
        new = names - self._queues
        if new:
            await self._run(adding.add_queues, new)
            self._queues |= new
