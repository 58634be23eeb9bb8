"""Taskmill beside huey on SQLite, workload by workload, in turns on the same machine.

Each round runs every variant once; figures are medians over the rounds, and the ratio is Taskmill to the peer.
"""

import statistics
from collections import defaultdict
from typing import NamedTuple

from benchmarks.peering import ROUNDS, Adapter, Figures, Key, crash_line, run, shown, tool, values

PEER = ("huey_sqlite", "default")
OURS = ("taskmill_sqlite", "default")
OURS_SYNC = ("taskmill_sqlite", "sync")
RUNS = ((PEER, "w1,w2,w3,w4,w5"), (OURS, "w1,w2,w3,w4,w5"), (OURS_SYNC, "w1,w3"))
CRASHES = (PEER, OURS)


class Row(NamedTuple):
    what: str
    ours: Adapter
    key: Key
    peer_key: Key
    bar: float | None
    """Smallest ratio wanted (for rates), None: shown only."""


ROWS = (
    Row("W1 one at a time, synchronous, per s", OURS_SYNC, ("w1_single", "per_s"), ("w1_single", "per_s"), 1.0),
    Row("W1 100 concurrent aenqueue, per s", OURS, ("w1_gather100", "per_s"), ("w1_single", "per_s"), 3.0),
    Row("W1 enqueue_many of 1 000, per s", OURS, ("w1_bulk1000", "per_s"), ("w1_single", "per_s"), 3.0),
    Row("W2 drain, 2 processes, per s", OURS, ("w2", "per_s"), ("w2", "per_s"), 3.0),
    Row("W3 start p50, ms (synchronous enqueue)", OURS_SYNC, ("w3", "p50_ms"), ("w3", "p50_ms"), None),
    Row("W3 start p99, ms (synchronous enqueue)", OURS_SYNC, ("w3", "p99_ms"), ("w3", "p99_ms"), None),
    Row("W3 start p50, ms (aenqueue)", OURS, ("w3", "p50_ms"), ("w3", "p50_ms"), None),
    Row("W3 start p99, ms (aenqueue)", OURS, ("w3", "p99_ms"), ("w3", "p99_ms"), None),
    Row("W3 result p50, ms", OURS, ("w3_result", "p50_ms"), ("w3_result", "p50_ms"), None),
    Row("W4 5 000 results, per s", OURS, ("w4", "per_s"), ("w4", "per_s"), 3.0),
    Row("W5 RSS, MB", OURS, ("w5_memory", "rss_mb"), ("w5_memory", "rss_mb"), None),
    Row("W5 CPU of 20 idle seconds, s", OURS, ("w5_idle", "worker_cpu_s"), ("w5_idle", "worker_cpu_s"), None),
)


def main() -> None:
    figures: Figures = defaultdict(list)
    with tool() as peerbench:
        for _ in range(ROUNDS):
            for adapter, workloads in RUNS:
                figures[adapter] += run(peerbench, adapter, workloads)["reps"]
        crashes = {name: run(peerbench, (name, variant), "w6")["w6"][0] for name, variant in CRASHES}
    _print(figures)
    for name, crash in crashes.items():
        print(crash_line(name, crash))


def _print(figures: Figures) -> None:
    print(f"| workload, median of {ROUNDS} (min..max) | taskmill | huey_sqlite | ratio | bar |")
    print("| --- | --- | --- | --- | --- |")
    for row in ROWS:
        ours, peer = values(figures[row.ours], row.key), values(figures[PEER], row.peer_key)
        if ours and peer:
            beside = statistics.median(peer)
            ratio = f"{statistics.median(ours) / beside:.2f}" if beside else ""
            print(f"| {row.what} | {shown(ours)} | {shown(peer)} | {ratio} | {row.bar or ''} |")
