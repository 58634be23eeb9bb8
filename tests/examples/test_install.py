"""The environment that `make up` and `make test` set up: the lock installs with an old pip and brings only itself."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.page import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
OLDEST_PIP = "23.0.1"
"""Debian 12's. Up to 23.2 pip asks the index for what an extra of a locked package wants, unless told --no-deps."""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "README.md", "LICENSE", "requirements", "tools", "src/taskmill"):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return tmp_path


def pinned(*names: str) -> set[str]:
    texts = [(ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8") for name in names]
    return {pin for text in texts for pin in re.findall(r"^([a-z0-9.-]+==[^ ;]+)", text, re.MULTILINE)}


def installed(clone: Path) -> set[str]:
    command = [str(clone / ".venv/bin/python"), "-m", "pip", "list", "--format=freeze"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pins = {re.sub(r"[_.]", "-", name.lower()) + version for name, version in re.findall(r"(.+)(==.+)", listed)}
    return {pin for pin in pins if not pin.startswith(("pip==", "setuptools==", "wheel==", "taskmill=="))}


def test_the_lock_installs_with_the_oldest_pip_and_brings_only_itself(clone: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", clone / ".venv"], check=True)
    old = [str(clone / ".venv/bin/python"), "-m", "pip", "install", "--quiet", "--no-deps", f"pip=={OLDEST_PIP}"]
    subprocess.run(old, check=True)
    made = subprocess.run(["tools/venv", sys.executable, "dev"], cwd=clone, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    assert installed(clone) - pinned("build", "dev") == set()


def python(clone: Path, script: str) -> Path:
    path = clone / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_python_that_is_too_old_leaves_nothing_behind(clone: Path) -> None:
    old = python(clone, '[ "$1" = --version ] && echo Python 3.10.13 && exit\nexit 1')
    refused = subprocess.run(["tools/venv", old, "runtime"], cwd=clone, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "needs Python 3.11 or newer" in refused.stderr
    assert "Python 3.10.13" in refused.stderr
    assert not (clone / ".venv").exists()


def test_an_environment_that_an_older_python_made_is_made_anew(clone: Path) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    python(clone, "exit 1").rename(clone / ".venv/bin/python")
    new = python(clone, '[ "$1 $2" != "-m venv" ] || { echo "made $4" >&2; exit 3; }')
    made = subprocess.run(["tools/venv", new, "runtime"], cwd=clone, capture_output=True, text=True)
    assert made.stderr == "made .venv\n"
