"""The hook on commit messages refuses what CONTRIBUTING asks not to write."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT


def refusals(message: str, folder: Path) -> str:
    file = folder / "message"
    file.write_text(message)
    run = subprocess.run([sys.executable, ROOT / "tools/commit-message", file], capture_output=True, text=True)
    assert run.returncode == bool(run.stderr)
    return run.stderr


@pytest.mark.parametrize(
    "message",
    [
        "Say why\n\nBecause the subject only says what.\n",
        "Say why\n\nBecause.\n# a line that git adds\n",
        "Merge branch 'main'\n",
        "fixup! Say why\n",
    ],
)
def test_good_messages_pass(message: str, tmp_path: Path) -> None:
    assert refusals(message, tmp_path) == ""


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("", "the first line is the subject"),
        ("Say why\n", "a body says why"),
        ("Say why\n\n# nothing but a comment\n", "a body says why"),
        ("Say why\nat once\n", "an empty line follows"),
        ("Say why.\n\nBecause.\n", "full stop"),
        (f"{'x' * 73}\n\nBecause.\n", "73 characters"),
    ],
)
def test_others_are_refused(message: str, problem: str, tmp_path: Path) -> None:
    assert problem in refusals(message, tmp_path)
