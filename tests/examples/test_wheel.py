"""The wheel, in a clean environment outside the repository, runs the tutorial."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.page import ROOT, TUTORIAL, command, module
from tests.examples.running import up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LOCKED = ROOT / "requirements/runtime.txt"


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
    quietly(*pip, "--require-hashes", "-r", LOCKED, cwd=directory)
    quietly(*pip, "--no-deps", wheel, cwd=directory)
    return directory / "venv/bin"


def test_the_tutorial(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(module(TUTORIAL))
    with up(tmp_path, installed, "tasks:app") as running:
        assert running.shell(command(TUTORIAL, "python -c", "add.enqueue(2, 3)")) == "5\n"
        refused = command(TUTORIAL, "python -c", "three")
        assert "$.b" in running.shell(f"{refused} 2>&1 || true")
        submitted = command(TUTORIAL, "taskmill submit")
        assert running.shell(submitted) == "5\n"
        made = json.loads(running.shell(command(TUTORIAL, "curl -X POST").replace("curl", "curl -sS", 1)))
        shown = command(TUTORIAL, "curl localhost").replace("<id>", made["id"]).replace("curl", "curl -sS", 1)
        assert json.loads(running.shell(shown))["task_type"] == "add"


def test_the_environment_has_only_what_is_declared(installed: Path, tmp_path: Path) -> None:
    quietly(installed / "python", "-m", "pip", "check", cwd=tmp_path)
    assert shutil.which("taskmill", path=installed) is not None
