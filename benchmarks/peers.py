"""Taskmill beside huey on SQLite, workload by workload, in turns on the same machine.

PEERBENCH names a checkout of the peerbench tool; the adapter in benchmarks/peerbench/ is laid beside its own. Each
round runs every variant once; figures are medians over the rounds, and the ratio is Taskmill to the peer.
PEERBENCH_ROUNDS (3) and PEERBENCH_TASKS (20 000) change the size.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
ROUNDS = int(os.environ.get("PEERBENCH_ROUNDS", "3"))
TASKS = os.environ.get("PEERBENCH_TASKS", "20000")
PEER = ("huey_sqlite", "default")
OURS = ("taskmill_sqlite", "default")
OURS_SYNC = ("taskmill_sqlite", "sync")
RUNS = ((*PEER, "w1,w2,w3,w4,w5"), (*OURS, "w1,w2,w3,w4,w5"), (*OURS_SYNC, "w1,w3"))
CRASHES = (PEER, OURS)

Adapter = tuple[str, str]
Figures = dict[Adapter, list[dict[str, Any]]]


class Row(NamedTuple):
    what: str
    ours: Adapter
    key: tuple[str, str]
    peer_key: tuple[str, str]
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
    with tempfile.TemporaryDirectory(prefix="taskmill-peers-") as directory:
        tool = Path(directory) / "peerbench"
        shutil.copytree(os.environ["PEERBENCH"], tool, copy_function=shutil.copyfile)
        shutil.copy(HERE / "peerbench" / "taskmill_sqlite.py", tool / "adapters")
        figures: Figures = defaultdict(list)
        for _ in range(ROUNDS):
            for name, variant, workloads in RUNS:
                figures[name, variant] += _run(tool, name, variant, workloads)["reps"]
        crashes = {adapter: _run(tool, *adapter, "w6")["w6"][0] for adapter in CRASHES}
    _print(figures)
    for (name, _), crash in crashes.items():
        done = crash["seconds_to_all"] or "more than 90"
        print(f"W6 {name}: {crash['not_run']} never run, {crash['run_twice']} twice, all after {done} s")


def _run(tool: Path, name: str, variant: str, workloads: str) -> dict[str, Any]:
    scratch = Path(tempfile.mkdtemp(dir=tool))
    output = scratch / "out.json"
    environment = os.environ | {
        "BENCH_HOME": str(scratch),
        "BENCH_RUN": str(scratch),
        "BENCH_VARIANT": variant,
        "PYTHONPATH": str(tool),
    }
    command = [sys.executable, "peer.py", name, str(output), workloads, "0" if workloads == "w6" else "1", TASKS]
    subprocess.run(command, cwd=tool, env=environment, check=True, stdout=subprocess.DEVNULL)
    result: dict[str, Any] = json.loads(output.read_text())
    return result


def _print(figures: Figures) -> None:
    print(f"| workload, median of {ROUNDS} (min..max) | taskmill | huey_sqlite | ratio | bar |")
    print("| --- | --- | --- | --- | --- |")
    for row in ROWS:
        ours, peer = _values(figures[row.ours], row.key), _values(figures[PEER], row.peer_key)
        if ours and peer:
            ratio = statistics.median(ours) / statistics.median(peer)
            print(f"| {row.what} | {_shown(ours)} | {_shown(peer)} | {ratio:.2f} | {row.bar or ''} |")


def _values(repetitions: list[dict[str, Any]], key: tuple[str, str]) -> list[float]:
    found = ((repetition.get(key[0]) or {}).get(key[1]) for repetition in repetitions)
    return [value for value in found if value is not None]


def _shown(values: list[float]) -> str:
    shape: Callable[[float], str] = lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: E731
    return f"{shape(statistics.median(values))} ({shape(min(values))}..{shape(max(values))})"
