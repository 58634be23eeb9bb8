"""The wheel, in a clean environment outside the repository, runs the tutorial."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.examples.page import ROOT, TUTORIAL, Step, files, step, steps
from tests.examples.running import Running, complaints, environment, follow, up
from tests.examples.test_install import OLDEST_PIP

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LOCKED = ROOT / "requirements/runtime.txt"
PYTEST = [f"{name}=={version(name)}" for name in ("pytest", "iniconfig", "packaging", "pluggy", "pygments")]
"""As locked: a release that comes out later must not be the one that this test meets."""


def quietly(*command: str | Path, cwd: Path) -> None:
    run = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin directory of an environment that has the locked packages and the wheel."""
    directory = tmp_path_factory.mktemp("wheel")
    quietly(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", directory, cwd=ROOT)
    [wheel] = directory.glob("*.whl")
    quietly(sys.executable, "-m", "venv", directory / "venv", cwd=directory)
    pip = (directory / "venv/bin/python", "-m", "pip", "install", "--quiet")
    quietly(*pip, "--no-deps", f"pip=={OLDEST_PIP}", cwd=directory)
    quietly(*pip, "--no-deps", "--require-hashes", "-r", LOCKED, cwd=directory)
    quietly(*pip, "--no-deps", wheel, cwd=directory)
    quietly(*pip, "--no-deps", *PYTEST, cwd=directory)
    return directory / "venv/bin"


ELSEWHERE = ("python3 -m venv", ". .venv", "pip install", "taskmill up", "taskmill worker ")


def typed(after: str, before: str = "") -> list[Step]:
    """What the reader types in the second terminal."""
    return [one for one in steps(TUTORIAL, after, before) if not one.command.startswith(ELSEWHERE)]


def test_the_tutorial_until_something_fails(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(files(TUTORIAL, "tasks.py")[0])
    with up(tmp_path, installed, "tasks:app") as running:
        assert follow(typed("## 1.", "## 6."), running) == []
    assert complaints(tmp_path) == ""


def test_the_tutorial_from_there_to_the_crash(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(files(TUTORIAL, "tasks.py")[1])
    for name in ("look.py", "test_tasks.py"):
        [code] = files(TUTORIAL, name)
        (tmp_path / name).write_text(code)
    with up(tmp_path, installed, "tasks:app") as running:
        assert follow(typed("## 6.", "## 9."), running) == []
        with third_terminal(running, step(TUTORIAL, "taskmill worker ").command):
            assert follow(typed("## 9."), running) == []
    assert "ended by SIGKILL" in complaints(tmp_path)


@contextmanager
def third_terminal(running: Running, command: str) -> Iterator[None]:
    with (running.directory / "third.log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=running.directory,
            env=environment(running.bin),
            stdout=log,
            stderr=log,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def test_the_environment_has_only_what_is_declared(installed: Path, tmp_path: Path) -> None:
    quietly(installed / "python", "-m", "pip", "check", cwd=tmp_path)
    assert shutil.which("taskmill", path=installed) is not None
