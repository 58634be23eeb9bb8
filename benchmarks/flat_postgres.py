"""Does the cost of the hot verbs on PostgreSQL grow with the backlog, with the history, or with what went through?

A private server, with fsync. Three databases are measured in turns, so that a machine whose speed drifts drifts for
all: a thousand tasks waiting, a million waiting, a million waiting beside five million finished. Then tasks go through
a fourth: an hour's worth of them in a minute, in which autovacuum comes as often as it does in an hour as PostgreSQL is
shipped, once a minute. After each tenth the time of a turn and the size of the table and of its indexes are shown.
FLAT_SCALE=0.01 makes all of it a hundred times smaller.
"""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator

from benchmarks.flat import BATCH, LEASE, a_task, show
from taskmill.core import machine
from taskmill.core.state import State
from taskmill.core.task import Claim, Decision
from taskmill.stores.contract import ClaimQuery, Store, TaskFilter
from taskmill.stores.open import open_store
from tests.servers import PostgresServer
from tests.servers.postgres import execute

SCALE = float(os.environ.get("FLAT_SCALE", "1"))
MILLION = int(1_000_000 * SCALE)
THROUGH = int(500_000 * SCALE)
HOUR = 60.0 * SCALE
"""Seconds that stand for an hour."""
ROUNDS = 40
FILL = """
INSERT INTO taskmill.task (id, task_type, queue, parameters, priority, attempt_limit, created_at, state, version,
                           attempt, run_at, cancel, result, started_at, finished_at, losses)
SELECT '0190f3a0-0000-7000-{group}-' || lpad(to_hex(i), 12, '0'), 'send_receipt', 'default',
       '{{"order":42,"to":"customer@example.org"}}', 2, 4, i,
       '{state}', 3, 1, i, false, {result}, {at}, {at}, 0
FROM generate_series(1, {count}) AS i
"""
SIZES = """
SELECT pg_relation_size('taskmill.task') / 1e6, pg_indexes_size('taskmill.task') / 1e6, n_dead_tup, autovacuum_count
FROM pg_stat_user_tables WHERE relname = 'task'
"""


def main() -> None:
    with PostgresServer(fsync=True) as server:
        asyncio.run(_backlogs(server))
    with PostgresServer(fsync=True) as server:
        asyncio.run(_churn(server))


async def _backlogs(server: PostgresServer) -> None:
    stores = {
        "1 000 waiting": await _filled(server, "small", 1_000, 0),
        f"{MILLION:_} waiting": await _filled(server, "backlog", MILLION, 0),
        f"and {5 * MILLION:_} finished": await _filled(server, "history", MILLION, 5 * MILLION),
    }
    figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(ROUNDS):
        for name, store in stores.items():
            async for verb, seconds in _round(store):
                figures[verb][name].append(seconds * 1e6)
    for store in stores.values():
        await store.close()
    show(figures, list(stores))


async def _filled(server: PostgresServer, name: str, waiting: int, finished: int) -> Store:
    execute(server.url, f"create database {name}")
    url = server.url.rpartition("/")[0] + f"/{name}"
    store = open_store(url, caller="loop")
    await store.open()
    await store.add([a_task()])
    done = {"group": "8000", "state": "succeeded", "count": finished, "result": "'{\"ok\":true}'", "at": "i"}
    execute(url, FILL.format_map(done))
    execute(
        url,
        FILL.format_map(done | {"group": "8001", "state": "ready", "count": waiting, "result": "NULL", "at": "NULL"}),
    )
    execute(url, "vacuum analyze taskmill.task")
    execute(url, "checkpoint")
    return store


async def _round(store: Store) -> AsyncIterator[tuple[str, float]]:
    """Each round leaves as many tasks waiting as it found."""
    began = time.perf_counter()
    await store.add([a_task() for _ in range(BATCH)])
    yield f"add x{BATCH}", (time.perf_counter() - began) / BATCH
    began = time.perf_counter()
    claims = await store.claim("bench", LEASE, ClaimQuery(BATCH))
    yield f"claim x{BATCH}", (time.perf_counter() - began) / BATCH
    began = time.perf_counter()
    await store.save(_succeeded(claims))
    yield f"save x{BATCH}", (time.perf_counter() - began) / BATCH
    for name, where in (("list", TaskFilter()), ("list ready", TaskFilter(states=(State.READY,)))):
        began = time.perf_counter()
        await store.find(where, 50)
        yield name, time.perf_counter() - began


async def _churn(server: PostgresServer) -> None:
    execute(server.url, "alter system set autovacuum_naptime = '1s'")
    execute(server.url, "select pg_reload_conf()")
    store = await _filled(server, "churn", 1_000, 0)
    url = server.url.rpartition("/")[0] + "/churn"
    print(f"\n{THROUGH} tasks through a table in which 1 000 wait\n")
    print("| through | turn, µs per task | table, MB | indexes, MB | dead rows | vacuumed |\n| --- |" + " --- |" * 5)
    began = time.perf_counter()
    for tenth in range(1, 11):
        seconds = await _through(store, THROUGH // 10)
        await asyncio.sleep(max(0.0, began + tenth * HOUR / 10 - time.perf_counter()))
        [sizes] = execute(url, SIZES)
        table, indexes, dead, vacuums = sizes
        through = tenth * THROUGH // 10
        print(f"| {through} | {seconds * 1e6:.1f} | {table:.0f} | {indexes:.0f} | {dead} | {vacuums} |", flush=True)
    await store.close()


async def _through(store: Store, count: int) -> float:
    """Seconds per task that turns take."""
    decisions: list[Decision] = []
    spent = 0.0
    for _ in range(count // BATCH):
        await store.add([a_task() for _ in range(BATCH)])
        began = time.perf_counter()
        _, claims = await store.turn("bench", decisions, LEASE, ClaimQuery(BATCH))
        spent += time.perf_counter() - began
        decisions = _succeeded(claims)
    await store.save(decisions)
    return spent / count


def _succeeded(claims: list[Claim]) -> list[Decision]:
    at = claims[0].head.started_at or 0
    return [Decision(spec.id, machine.succeed(head, '{"ok":true}', at)) for spec, head in claims]
