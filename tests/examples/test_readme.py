"""Every command of the README works as written."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.examples.page import README, ROOT, command, commands, module
from tests.examples.running import Running, up

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with up(tmp_path_factory.mktemp("up"), BIN) as running:
        yield running


def said(running: Running, line: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(running.shell(line.replace("curl", "curl -sS --fail-with-body", 1)))
    return answer


def result(running: Running, id: str) -> Any:
    return said(running, f"curl 'localhost:8000/api/tasks/{id}/result?wait=20'")


def test_submit_prints_the_result(running: Running) -> None:
    assert running.shell(command(README, "taskmill submit")) == "11\n"


def test_a_task_by_rest(running: Running) -> None:
    made = said(running, command(README, "curl -X POST", "/api/tasks"))
    result(running, made["id"])
    task = said(running, command(README, "curl localhost", "/api/tasks/").replace("<id>", made["id"]))
    assert (task["state"], task["result"], task["priority"]) == ("succeeded", 11, "high")


def test_the_compatible_routes(running: Running) -> None:
    sent = said(running, command(README, "/send"))
    made = said(running, command(README, "/tasks/ "))
    for id in (sent["id"], made["id"]):
        result(running, id)
        assert said(running, command(README, "curl localhost", "8000/tasks/").replace("<id>", id))


def test_every_command_of_the_page_is_tried_here_or_is_a_way_to_set_up() -> None:
    tried = ["taskmill submit", "curl", "taskmill up tasks:app", "python -c", "make up", "make test", ". .venv"]
    assert [line for line in commands(README) if not line.startswith(tuple(tried))] == []


def test_the_two_commands_are_targets() -> None:
    targets = subprocess.run(["make", "-n", "up", "test"], cwd=ROOT, capture_output=True, text=True)
    assert targets.returncode == 0


def test_six_lines_of_ones_own(tmp_path: Path) -> None:
    code = module(README)
    assert len([line for line in code.splitlines() if line]) <= 6
    (tmp_path / "tasks.py").write_text(code)
    assert "taskmill up tasks:app" in commands(README)
    with up(tmp_path, BIN, "tasks:app") as running:
        assert running.shell(command(README, "python -c")) == "5\n"
