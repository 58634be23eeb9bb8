"""Taskmill on PostgreSQL, alone and with each broker, beside other task queues, in turns on the same machine.

It starts PostgreSQL (as it is shipped, fsync on), RabbitMQ and Redis (append-only file) itself. Each round runs every
variant once, each time in a fresh database, vhost and database number. Figures are medians over the rounds.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from benchmarks.peering import ROUNDS, Adapter, Figures, Key, crash_line, run, shown, tool, values
from tests.servers import PostgresServer, RabbitmqServer, RedisServer, Server

ALONE = ("taskmill_pg", "default")
WITH_RABBITMQ = ("taskmill_pg_rabbit", "default")
WITH_REDIS = ("taskmill_pg_redis", "default")
PROCRASTINATE = ("procrastinate_pg", "tuned")
DRAMATIQ = ("dramatiq_rabbit", "default")
CELERY = ("celery_rabbit", "default")
CELERY_RESULTS = ("celery_rabbit", "redis-results")
LEAST = ("least_pg_rabbit", "default")

BROKERS = (WITH_RABBITMQ, WITH_REDIS)
OURS = (ALONE, *BROKERS)
RUNS = {
    **dict.fromkeys(OURS, "w1,w2,w3,w4,w5"),
    PROCRASTINATE: "w1,w2,w3",
    DRAMATIQ: "w1,w2,w3,w4",
    CELERY: "w1,w2,w3",
    LEAST: "w3",
    CELERY_RESULTS: "w1,w2,w4",
}
LEASE = 15.0
IDLE = 10.0


class Row(NamedTuple):
    """A figure of ours beside another one, or (peer None) on its own."""

    what: str
    ours: Adapter
    key: Key
    peer: Adapter | None
    bar: float
    """Of the ratio, or of the figure itself."""
    most: bool = False
    """The bar is the most that is wanted, not the least."""


def rows() -> Iterator[Row]:
    for what, key, bar, near in (
        ("W1 one at a time, per s", ("w1_single", "per_s"), 2.0, 0.9),
        ("W1 100 concurrent, per s", ("w1_gather100", "per_s"), 8.0, 0.85),
        ("W1 bulk of 1 000, per s", ("w1_bulk1000", "per_s"), 2.5, 0.85),
    ):
        yield Row(what, ALONE, key, PROCRASTINATE, bar)
        yield from (Row(what, ours, key, ALONE, near) for ours in BROKERS)
    drain, start, results = ("w2", "per_s"), ("w3", "p50_ms"), ("w4", "per_s")
    yield Row("W2 drain, 2 processes, per s", ALONE, drain, PROCRASTINATE, 10.0)
    for ours in BROKERS:
        yield Row("W2 drain, 2 processes, per s", ours, drain, DRAMATIQ, 2.0)
        yield Row("W2 drain, 2 processes, per s", ours, drain, CELERY_RESULTS, 6.0)
    yield Row("W3 start p50, ms", ALONE, start, PROCRASTINATE, 0.6, most=True)
    for ours in BROKERS:
        yield Row("W3 start p50, ms", ours, start, CELERY, 1.3, most=True)
        yield Row("W3 start p50, ms", ours, start, LEAST, 2.0, most=True)
    yield from (Row("W4 results, per s", ours, results, DRAMATIQ, 2.0) for ours in OURS)
    yield from (Row("W4 results, per s", ours, results, CELERY_RESULTS, 6.0) for ours in BROKERS)
    for ours in OURS:
        yield Row("W5 RSS, MB", ours, ("w5_memory", "rss_mb"), None, 150.0, most=True)
        yield Row("W5 idle, % of a core, servers' share included", ours, ("w5_idle", "percent"), None, 1.0, most=True)


class Servers:
    """Of one run of this benchmark; `pg`, `rabbit`, `redis` is how peerbench calls them."""

    def __init__(self, stack: ExitStack) -> None:
        self._all: dict[str, Server] = {
            "pg": stack.enter_context(PostgresServer(fsync=True)),
            "rabbit": stack.enter_context(RabbitmqServer()),
            "redis": stack.enter_context(RedisServer(appendonly=True)),
        }
        self.pids = {name: server.pid for name, server in self._all.items()}
        self._idle = {name: self._seconds(name) for name in self._all}
        time.sleep(IDLE)
        self._idle = {name: (self._seconds(name) - before) / IDLE for name, before in self._idle.items()}

    def measure(self, peerbench: Path, adapter: Adapter, workloads: str) -> dict[str, Any]:
        with ExitStack() as stack:
            places = {name: stack.enter_context(server.fresh()) for name, server in self._all.items()}
            environment = {"BENCH_PG": places["pg"], "BENCH_AMQP": places["rabbit"], "BENCH_REDIS": places["redis"]}
            return run(peerbench, adapter, workloads, environment, self.pids)

    def add_idle_share(self, adapter: Adapter, repetition: dict[str, Any]) -> None:
        """What the servers do without any worker is not the workers' share."""
        if idle := repetition.get("w5_idle"):
            used = {"pg", *(name for name in ("rabbit", "redis") if name in adapter[0])}
            alone = sum(self._idle[name] for name in used)
            seconds = idle["worker_cpu_s"] + idle["server_cpu_s"]
            idle["percent"] = max(0.0, 100 * (seconds / idle["seconds"] - alone))

    def _seconds(self, name: str) -> float:
        first = psutil.Process(self.pids[name])
        times = [process.cpu_times() for process in (first, *first.children(recursive=True))]
        return sum((time.user + time.system for time in times), 0.0)


def main() -> None:
    figures: Figures = defaultdict(list)
    with tool() as peerbench, ExitStack() as stack:
        servers = Servers(stack)
        for _ in range(ROUNDS):
            for adapter, workloads in RUNS.items():
                for repetition in servers.measure(peerbench, adapter, workloads)["reps"]:
                    servers.add_idle_share(adapter, repetition)
                    figures[adapter].append(repetition)
        crashes = {adapter[0]: servers.measure(peerbench, adapter, "w6")["w6"][0] for adapter in OURS}
    _print(figures)
    for name, crash in crashes.items():
        within = (crash["seconds_to_all"] or 91) <= LEASE + 5
        print(f"{crash_line(name, crash)}{'' if within and not crash['not_run'] else ' (missed)'}")


def _print(figures: Figures) -> None:
    print(f"| workload, median of {ROUNDS} (min..max) | taskmill | | beside | | ratio | bar | |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in rows():
        ours = values(figures[row.ours], row.key)
        peers = values(figures[row.peer], row.key) if row.peer else []
        if not ours or (row.peer and not peers):
            print(
                f"| {row.what} | {row.ours[0]} | {'' if ours else 'none'} | {' '.join(row.peer or ())} | | | | missed |"
            )
            continue
        figure = statistics.median(ours) / (statistics.median(peers) if peers else 1)
        reached = figure <= row.bar if row.most else figure >= row.bar
        beside = f"{' '.join(row.peer)} | {shown(peers)} | {figure:.2f}" if row.peer else " | | "
        bar = f"{'≤' if row.most else '≥'} {row.bar:g}{'' if row.peer else ' itself'}"
        print(f"| {row.what} | {row.ours[0]} | {shown(ours)} | {beside} | {bar} | {'' if reached else 'missed'} |")
