"""Test files that run side by side stay whole, so that their fixtures are made once."""

import os
import re
import subprocess
import sys
from collections import defaultdict

import pytest

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.slow

FILES = ["tests/config/test_load.py", "tests/config/test_profiles.py", "tests/architecture/test_commit_message.py"]
NOWHERE = {"TEST_AMQP_URL": "amqp://nowhere", "TEST_POSTGRES_URL": "postgresql://nowhere"}
"""So that no server is started for tests that need none."""


def test_each_file_runs_in_one_process() -> None:
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "-p", "no:cacheprovider", *FILES]
    ran = subprocess.run(command, cwd=ROOT, env=os.environ | NOWHERE, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    processes = defaultdict(set)
    for process, file in re.findall(r"^\[(gw\d)\].* (tests/\S+?)::", ran.stdout, re.MULTILINE):
        processes[file].add(process)
    assert set(processes) == set(FILES)
    assert all(len(names) == 1 for names in processes.values()), processes
