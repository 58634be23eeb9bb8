"""Taskmill without its catalogue: an installation that has no such folder and no such entry point."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import taskmill
from tests.cli.conftest import free_port, read_until

APP = """
from taskmill import App

app = App()


@app.task
def double(number: int) -> int:
    return 2 * number
"""


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment in which Python finds a Taskmill without the catalogue before any other."""
    packages = tmp_path / "packages"
    source = Path(taskmill.__file__).parent
    shutil.copytree(source, packages / "taskmill", ignore=shutil.ignore_patterns("catalogue", "__pycache__"))
    metadata = packages / f"taskmill-{taskmill.__version__}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: taskmill\nVersion: {taskmill.__version__}\n")
    (tmp_path / "shop.py").write_text(APP)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TASKMILL_")}
    return clean | {"PYTHONPATH": str(packages), "COLUMNS": "160"}


def command(bare: dict[str, str], cwd: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    called = [sys.executable, *args]
    return subprocess.run(called, cwd=cwd, env=bare, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
def test_it_starts_and_runs_what_an_app_brings(bare: dict[str, str], tmp_path: Path) -> None:
    gone = command(bare, tmp_path, "-c", "import taskmill.catalogue")
    assert "No module named 'taskmill.catalogue'" in gone.stderr
    up = [sys.executable, "-m", "taskmill", "up", "shop:app", "--port", str(free_port()), "--workers", "1"]
    pipe = subprocess.PIPE
    with subprocess.Popen(up, cwd=tmp_path, env=bare, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            read_until(process, "Ctrl-C")
            enqueue = "import shop; print(shop.double.enqueue(21).result(timeout=20))"
            done = command(bare, tmp_path, "-c", enqueue)
            assert done.stdout == "42\n", done.stderr
            listed = command(bare, tmp_path, "-m", "taskmill", "types")
            assert listed.returncode == 0, listed.stderr
            assert [line.split()[0] for line in listed.stdout.splitlines()] == ["double"]
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, "Traceback" in said) == (0, False), said


@pytest.mark.slow
def test_files_are_not_taken_then(bare: dict[str, str], tmp_path: Path) -> None:
    code = "from taskmill.plugins import handlers, plugins, uploads; print(plugins(), uploads(), handlers(None))"
    asked = command(bare, tmp_path, "-c", code)
    assert asked.stdout == "() None {}\n", asked.stderr


def test_the_installed_package_names_its_plugin() -> None:
    from taskmill.plugins import plugins

    assert [type(plugin).__name__ for plugin in plugins()] == ["CataloguePlugin"], "install Taskmill again: make up"
