"""Every command of the README works as written, and answers as it shows."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.page import README, ROOT, comparable, files, step, steps
from tests.examples.running import Running, complaints, environment, follow, free_port, up

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
SET_UP = ("make ", ". .venv", "taskmill up")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with up(tmp_path_factory.mktemp("up"), BIN) as running:
        yield running
    assert complaints(running.directory) == ""


def first_steps() -> list[str]:
    return [one.command for one in steps(README) if not one.command.startswith((*SET_UP, "python"))]


def test_what_up_says(running: Running) -> None:
    [shown] = [
        part for part in README.read_text(encoding="utf-8").split("```text\n") if part.startswith("Taskmill is up")
    ]
    assert comparable(running.said) == comparable(shown.partition("```")[0])


def test_the_first_steps_answer_as_shown(running: Running) -> None:
    assert len(first_steps()) == 7
    assert follow([step(README, command) for command in first_steps()], running) == []


def test_the_two_commands_are_targets() -> None:
    targets = subprocess.run(["make", "-n", "up", "test"], cwd=ROOT, capture_output=True, text=True)
    assert targets.returncode == 0
    assert [one.command for one in steps(README)][:2] == ["make up", "make test"]


def test_six_lines_of_ones_own(tmp_path: Path) -> None:
    [code] = files(README, "tasks.py")
    assert len([line for line in code.splitlines() if line]) <= 6
    (tmp_path / "tasks.py").write_text(code)
    assert step(README, "taskmill up tasks:app")
    with up(tmp_path, BIN, "tasks:app") as running:
        assert follow([step(README, "python -c")], running) == []
    assert complaints(tmp_path) == ""


def test_ones_own_tasks_in_terminals_where_nothing_is_activated(tmp_path: Path) -> None:
    """The first ran `make up`, the second followed "First steps"; neither knows the command by itself."""
    (tmp_path / ".venv").symlink_to(BIN.parent)
    (tmp_path / "tasks.py").write_text(files(README, "tasks.py")[0])
    *first, ask = [one.command for one in steps(README, "## Your own tasks", "## Useful")]
    second = [one.command for one in steps(README, "## First steps", "## Your own tasks")][:1]
    bare = {name: value for name, value in environment(BIN).items() if name != "VIRTUAL_ENV"} | {
        "PATH": "/usr/bin:/bin"
    }
    start = "\n".join([*first[:-1], f"exec {first[-1]} --port {free_port()}"])
    pipe = subprocess.PIPE
    with subprocess.Popen(["bash", "-c", start], cwd=tmp_path, env=bare, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            assert "Ctrl-C stops it." in (line.strip() for line in process.stdout)
            asked = ["bash", "-c", "\n".join([*second, ask])]
            assert subprocess.run(asked, cwd=tmp_path, env=bare, capture_output=True, text=True).stdout == "5\n"
        finally:
            process.terminate()
