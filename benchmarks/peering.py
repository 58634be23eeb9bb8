"""The peerbench tool: a copy with our adapters beside its own, and one run of one of them.

PEERBENCH names a checkout of it. PEERBENCH_ROUNDS (3) and PEERBENCH_TASKS (20 000) change the size.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

HERE = Path(__file__).parent
ROUNDS = int(os.environ.get("PEERBENCH_ROUNDS", "3"))
TASKS = os.environ.get("PEERBENCH_TASKS", "20000")

Adapter = tuple[str, str]
"""Its name and its variant."""
Figures = dict[Adapter, list[dict[str, Any]]]
"""By adapter: what each repetition measured."""
Key = tuple[str, str]
"""A workload and one figure of it."""


@contextmanager
def tool() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="taskmill-peers-") as directory:
        copy = Path(directory) / "peerbench"
        shutil.copytree(os.environ["PEERBENCH"], copy, copy_function=shutil.copyfile)
        for adapter in HERE.glob("peerbench/*.py"):
            shutil.copy(adapter, copy / "adapters")
        _take_wheels(copy / "adapters" / "procrastinate_pg.py")
        yield copy


def _take_wheels(adapter: Path) -> None:
    """psycopg's C part from its wheel, in place of one that is compiled on the spot: the same code."""
    adapter.write_text(adapter.read_text().replace("psycopg-c", "psycopg-binary"))


def run(
    tool: Path,
    adapter: Adapter,
    workloads: str,
    environment: Mapping[str, str] = MappingProxyType({}),
    pids: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """What one repetition measured, in a directory of its own. `pids`: of the servers, whose processor time counts."""
    scratch = Path(tempfile.mkdtemp(dir=tool))
    (scratch / "pids").mkdir()
    for server, pid in pids.items():
        (scratch / "pids" / server).write_text(str(pid))
    output = scratch / "out.json"
    name, variant = adapter
    places = {"BENCH_HOME": str(scratch), "BENCH_RUN": str(scratch), "BENCH_VARIANT": variant, "PYTHONPATH": str(tool)}
    command = [sys.executable, "peer.py", name, str(output), workloads, "0" if workloads == "w6" else "1", TASKS]
    print(f"· {name} {variant} {workloads}", file=sys.stderr, flush=True)
    subprocess.run(
        command, cwd=tool, env=os.environ | places | dict(environment), check=True, stdout=subprocess.DEVNULL
    )
    result: dict[str, Any] = json.loads(output.read_text())
    for repetition in result["reps"]:
        if "error" in repetition:
            print(f"  {name}: {repetition['error']}", file=sys.stderr)
    return result


def values(repetitions: list[dict[str, Any]], key: Key) -> list[float]:
    found = ((repetition.get(key[0]) or {}).get(key[1]) for repetition in repetitions)
    return [value for value in found if value is not None]


def shown(values: list[float]) -> str:
    """Median (smallest..largest)."""
    shape: Callable[[float], str] = lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: E731
    return f"{shape(statistics.median(values))} ({shape(min(values))}..{shape(max(values))})"


def crash_line(name: str, crash: dict[str, Any]) -> str:
    done = crash["seconds_to_all"] or "more than 90"
    return f"W6 {name}: {crash['not_run']} never run, {crash['run_twice']} twice, all after {done} s"
