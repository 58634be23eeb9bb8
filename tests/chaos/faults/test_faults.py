"""Random courses of accidents on real servers: nothing lost, nothing stuck, one outcome for each life of a task.

CHAOS_SEEDS says how many; `make chaos` runs 20 over all pairings. Without it there is one short course for each pairing
with a broker.
"""

import os
from pathlib import Path

import pytest

from tests.chaos.faults.course import Course, Result
from tests.chaos.faults.setup import LONG, PAIRINGS, SHORT, Plan
from tests.chaos.faults.table import table
from tests.servers.session import Servers

SEEDS = int(os.environ.get("CHAOS_SEEDS", "0"))
FROM_THE_LAST = list(PAIRINGS)[::-1]
PLANS = [Plan(seed, FROM_THE_LAST[seed % len(PAIRINGS)], LONG) for seed in range(SEEDS)] or [
    Plan(0, "postgres+rabbitmq", SHORT, ("worker frozen", "rabbitmq wiped", "death before acknowledging")),
    Plan(1, "postgres+redis", SHORT, ("redis flushed", "postgres killed", "worker killed")),
]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.pairing}-{plan.seed}")
def test_accidents_on_two_hosts(plan: Plan, servers: Servers, tmp_path: Path, results: list[Result]) -> None:
    result = Course(plan, servers, tmp_path).run()
    results.append(result)
    print(f"\n{table([result])}")
    assert result.findings.violations == []
    assert result.unanswered == 0
    assert result.problems == []
    assert result.findings.tasks > 100
