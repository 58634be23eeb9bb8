"""The runs that the catalogue's page shows are of the task types as they are now."""

import json

import pytest

from taskmill.catalogue import app
from tests.architecture.tree import ROOT

RUNS = json.loads((ROOT / "docs/runs.json").read_text(encoding="utf-8"))


def test_each_task_type_is_shown_with_a_run() -> None:
    assert RUNS.keys() == app.tasks.keys()


@pytest.mark.parametrize("name", RUNS)
def test_the_run_fits_the_task_type(name: str) -> None:
    task, run = app.tasks[name], RUNS[name]
    task.decode(json.dumps(run["parameters"]))
    task.decode_result(json.dumps(run["result"]))
