"""Is the installation sound? A real round trip to store, broker and live feed, and a look at what waits for whom.

Each check answers on its own: one that fails, breaks or hangs does not hide what the others find.
"""

import asyncio
import json
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from msgspec import Struct

from taskmill.brokers.contract import Broker
from taskmill.brokers.open import open_broker
from taskmill.core import times
from taskmill.core.errors import TaskmillError
from taskmill.core.state import State
from taskmill.core.task import SECOND
from taskmill.engine.live.why import live_workers, serves, unserved
from taskmill.feeds.contract import Feed
from taskmill.feeds.open import open_feed
from taskmill.sdk.backend import ConnectionSettings
from taskmill.stores.contract import QueueRow, Store, TaskFilter, WorkerRow
from taskmill.stores.open import open_store, sqlite_path, store_scheme
from taskmill.stores.schema import Schema, schema_of

STORE_AWAY = "is it running, and may this machine connect to it? The setting `store` says where it is"
BROKER_AWAY = "is it running, and is the setting `broker` right? Tasks run all the same, a little later"
FEED_AWAY = "is it running, and is the setting `feed` right? Tasks run all the same; those who watch see less"

NEWEST = 500
"""So many waiting tasks are looked through for types that nobody knows."""
MIB = 2**20
TIGHT, FULL = 1024 * MIB, 100 * MIB
LONG_LOG = 256 * MIB
"""Four times what SQLite cuts it back to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorTimings:
    """Seconds."""

    timeout: float = 5.0
    """That one check may take."""
    clock_skew: float = 1.0
    """Between the store's clock and ours, that deserve a word."""
    late: float = 300.0
    """That a ready task may wait before it deserves a word."""


DEFAULT_TIMINGS = DoctorTimings()


class CheckResult(Struct, omit_defaults=True):
    check: str
    """Component and what was looked at: `store write`."""
    level: Literal["ok", "warning", "failed"]
    """failed: tasks do not run, or will not. warning: they may not, or somebody wanted it so."""
    found: str
    hint: str | None = None
    """What to do about it."""


Check = Callable[[], Awaitable[list[CheckResult]]]


def fine(check: str, found: str) -> CheckResult:
    return CheckResult(check, "ok", found)


def warning(check: str, found: str, hint: str) -> CheckResult:
    return CheckResult(check, "warning", found, hint)


def failed(check: str, found: str, hint: str | None) -> CheckResult:
    return CheckResult(check, "failed", found, hint)


async def examine(connection: ConnectionSettings, timings: DoctorTimings = DEFAULT_TIMINGS) -> list[CheckResult]:
    """Never raises: what cannot be reached is found."""
    doctor, (url, durability, broker, feed) = Doctor(timings), connection
    parts = [doctor.store(url, lambda: open_store(url, caller="loop", durability=durability))]
    if broker:
        parts.append(doctor.transport("broker", "ticket", lambda: open_broker(broker), BROKER_AWAY))
    if feed:
        parts.append(doctor.transport("feed", "event", lambda: open_feed(feed), FEED_AWAY))
    return [result for part in await asyncio.gather(*parts) for result in part]


class Doctor:
    def __init__(self, timings: DoctorTimings = DEFAULT_TIMINGS) -> None:
        self._timings = timings

    async def ask(self, name: str, check: Check, hint: str | None = None) -> list[CheckResult]:
        """What a check finds, or that it failed or took too long.

        `hint`: what to do where the error itself does not say.
        """
        task = asyncio.ensure_future(check())
        try:
            done, _ = await asyncio.wait({task}, timeout=self._timings.timeout)
            if not done:
                return [failed(name, f"no answer within {self._timings.timeout:g} s", hint)]
            return task.result()
        except TaskmillError as error:
            return [failed(name, str(error), error.hint or hint)]
        except Exception as error:  # a fault of one check must not hide what the others find
            return [failed(name, f"{type(error).__name__}: {error}", hint)]
        finally:
            task.cancel()

    async def transport(
        self, name: str, carried: str, make: Callable[[], Broker | Feed], away: str
    ) -> list[CheckResult]:
        """Does a broker or a live feed carry something there and back?"""

        async def there_and_back() -> list[CheckResult]:
            transport = make()
            try:
                took = await _timed(transport.ping())
                return [fine(name, f"{transport.location}, one {carried} there and back in {took}")]
            finally:
                with suppress(Exception):  # whether it answered is known already
                    await transport.close()

        return await self.ask(name, there_and_back, away)

    async def store(self, url: str, make: Callable[[], Store]) -> list[CheckResult]:
        """Is it there, has it the right schema? What needs an open store is left out when there is none."""
        reached: list[tuple[Store, Schema]] = []

        async def reach() -> list[CheckResult]:
            store = make()
            schema = await schema_of(url)
            reached.append((store, schema))
            if schema.found == 0:
                hint = "taskmill migrate makes it; or is --store another one?"
                return [failed("store schema", f"there is no store at {store.location} yet", hint)]
            return [fine("store connection", store.location), _schema(schema)]

        found, disk = await asyncio.gather(
            self.ask("store connection", reach, STORE_AWAY), self.ask("store disk", lambda: _disk(url))
        )
        for store, schema in reached:
            if schema.found == schema.newest:
                found += await self._opened(store)
        return [*found, *disk]

    async def _opened(self, store: Store) -> list[CheckResult]:
        async def connect() -> list[CheckResult]:
            await store.open()
            return []

        async def close() -> list[CheckResult]:
            await store.close()
            return []

        async def write() -> list[CheckResult]:
            return [fine("store write", f"written and read back in {await _timed(store.ping())}")]

        checks: dict[str, Check] = {
            "store clock": lambda: self.clock(store),
            "workers": lambda: _workers(store),
            "queues": lambda: _queues(store),
            "oldest ready task": lambda: self._oldest(store),
            "task types": lambda: _task_types(store),
        }
        try:
            if failures := await self.ask("store connection", connect, STORE_AWAY):
                return failures
            asked = [self.ask(name, check) for name, check in checks.items()]
            parts = await asyncio.gather(self.ask("store write", write, STORE_AWAY), *asked)
            return [result for part in parts for result in part]
        finally:
            await self.ask("store connection", close)

    async def clock(self, store: Store) -> list[CheckResult]:
        before = times.now()
        there = await store.clock()
        skew = (there - (before + times.now()) / 2) / SECOND
        if abs(skew) <= self._timings.clock_skew:
            return [fine("store clock", "agrees with that of this machine")]
        way = "ahead of" if skew > 0 else "behind"
        found = f"is {abs(skew):.1f} s {way} that of this machine; delays and start times given here are off by that"
        return [warning("store clock", found, "let both machines keep their time by NTP")]

    async def _oldest(self, store: Store) -> list[CheckResult]:
        stats, now = await store.stats(), await store.clock()
        if stats.oldest_ready is None:
            return [fine("oldest ready task", "none waits")]
        waited = max(0.0, (now - stats.oldest_ready) / SECOND)
        found = f"{stats.states[State.READY]} wait, the oldest for {waited:.0f} s"
        if waited <= self._timings.late:
            return [fine("oldest ready task", found)]
        return [warning("oldest ready task", found, "see `taskmill queues`; more workers or slots run more at once")]


def _schema(schema: Schema) -> CheckResult:
    found, newest = schema
    if found == newest:
        return fine("store schema", f"version {found}")
    if found < newest:
        needed = f"version {found}; this Taskmill works with {newest}"
        return warning("store schema", needed, "bring it up to date: taskmill migrate")
    too_new = f"version {found}; this Taskmill knows versions up to {newest}"
    return failed("store schema", too_new, "install the newer Taskmill")


async def _disk(url: str) -> list[CheckResult]:
    """Has the disk of a SQLite file room to grow, and is its log kept short?"""
    if store_scheme(url) != "sqlite":
        return []
    return await asyncio.to_thread(_look_at_disk, Path(sqlite_path(url)))


def _look_at_disk(path: Path) -> list[CheckResult]:
    if not path.exists():
        return []
    log = path.with_name(f"{path.name}-wal")
    size, logged = path.stat().st_size, log.stat().st_size if log.exists() else 0
    return [disk_space(shutil.disk_usage(path.parent).free, size), log_size(logged)]


def disk_space(free: int, size: int) -> CheckResult:
    found = f"{_bytes(free)} free, the store takes {_bytes(size)}"
    if free < FULL:
        return failed("store disk", found, "free some space: when the disk is full, no task can be stored")
    if free < TIGHT:
        return warning("store disk", found, "free some space, or keep finished tasks for a shorter time (retention_*)")
    return fine("store disk", found)


def log_size(size: int) -> CheckResult:
    if size > LONG_LOG:
        hint = "some program keeps a read transaction open on it: close that program"
        return warning("store log", f"the write-ahead log has grown to {_bytes(size)}", hint)
    return fine("store log", f"{_bytes(size)} of write-ahead log")


async def _workers(store: Store) -> list[CheckResult]:
    alive = await live_workers(store)
    if not alive:
        return [warning("workers", "none is alive", "start one: taskmill worker")]
    hosts = sorted({row.host for row in alive})
    slots = sum(row.slots for row in alive)
    names = [json.loads(row.queues) for row in alive]
    queues = (
        "all queues" if None in names else "the queues " + ", ".join(sorted({name for each in names for name in each}))
    )
    return [fine("workers", f"{len(alive)} on {', '.join(hosts)}, {slots} slots, for {queues}")]


async def _queues(store: Store) -> list[CheckResult]:
    queues, alive = await store.queues(), await live_workers(store)
    results = [result for queue in queues if (result := _queue(queue, alive))]
    return results or [fine("queues", "none is paused, none has tasks that no worker serves")]


def _queue(queue: QueueRow, alive: Sequence[WorkerRow]) -> CheckResult | None:
    if queue.paused:
        resume = f"if it should run: taskmill queues resume {queue.name}"
        return warning(f"queue {queue.name}", f"is paused, with {queue.ready} ready tasks", resume)
    if queue.ready and not any(serves(row, queue.name) for row in alive):
        start = f"start one: taskmill worker --queues {queue.name}"
        return failed(f"queue {queue.name}", f"has {queue.ready} ready tasks and no live worker that serves it", start)
    return None


async def _task_types(store: Store) -> list[CheckResult]:
    known = {row.name for row in await store.task_types()}
    waiting = await store.find(TaskFilter(states=(State.READY, State.SCHEDULED)), NEWEST)
    strange = sorted({task.spec.task_type for task in waiting.tasks} - known)
    found, hint = "has waiting tasks, and no worker knows it", "start one: taskmill worker MODULE:APP"
    results = [failed(f"task type {name}", found, hint) for name in strange]
    if alive := await live_workers(store):
        for queue, task_type, tasks in await store.waiting():
            if task_type not in strange and (why := unserved(alive, queue, task_type)) and task_type in why:
                reason, _, start = why.partition("; ")
                results.append(failed(f"task type {task_type}", f"has {tasks} ready tasks, and {reason}", start))
    return results or [fine("task types", "live workers have those of all waiting tasks")]


async def _timed(work: Awaitable[object]) -> str:
    """How long it took, for people."""
    started = time.perf_counter()
    await work
    return f"{(time.perf_counter() - started) * 1000:.1f} ms"


def _bytes(size: int) -> str:
    return f"{size / MIB / 1024:.1f} GiB" if size >= 1024 * MIB else f"{size / MIB:.1f} MiB"
