"""The table of all courses, at the end of the run."""

import pytest

from tests.chaos.faults.course import Result
from tests.chaos.faults.table import table

RESULTS = pytest.StashKey[list[Result]]()


@pytest.fixture(scope="session")
def results(pytestconfig: pytest.Config) -> list[Result]:
    return pytestconfig.stash.setdefault(RESULTS, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if results := config.stash.get(RESULTS, []):
        terminalreporter.section("courses of accidents")
        terminalreporter.write_line(table(results))
