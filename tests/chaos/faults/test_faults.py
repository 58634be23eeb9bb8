"""Random courses of accidents on real servers: nothing lost, nothing stuck, one outcome for each life of a task.

CHAOS_SEEDS says how many; `make chaos` runs 20 over all pairings. Without it there is one short course for each pairing
with a broker.
"""

import os
from pathlib import Path

import pytest

from tests.chaos.faults.course import Course, Result
from tests.chaos.faults.place import LONG, PAIRINGS, SHORT
from tests.chaos.faults.table import table
from tests.servers.session import Servers

SEEDS = int(os.environ.get("CHAOS_SEEDS", "0"))
PLANNED = [(seed, list(PAIRINGS)[-1 - seed % len(PAIRINGS)], LONG) for seed in range(SEEDS)] or [
    (0, "postgres+rabbitmq", SHORT),
    (1, "postgres+redis", SHORT),
]


@pytest.fixture(scope="module")
def results() -> "list[Result]":
    return []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("seed", "pairing", "length"), PLANNED, ids=lambda part: str(part) if isinstance(part, str) else ""
)
def test_accidents_on_two_hosts(
    seed: int, pairing: str, length: object, servers: Servers, tmp_path: Path, results: list[Result]
) -> None:
    turn = seed // len(PAIRINGS)
    result = Course(seed, turn, pairing, length, servers, tmp_path).run()  # type: ignore[arg-type]
    results.append(result)
    print("\n" + table(results if len(results) == len(PLANNED) else [result]))
    assert result.findings.violations == []
    assert result.unanswered == 0
    assert result.problems == []
    assert result.findings.tasks > 100
