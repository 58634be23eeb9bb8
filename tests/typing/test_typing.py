"""What type checkers say of right and of wrong use of the Python face."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

USE = Path(__file__).with_name("use.py")
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_wrong_line_is_an_error_and_no_other() -> None:
    lines = USE.read_text(encoding="utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if "# wrong: " in line}
    assert len(wrong) > 20
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--hide-error-context", USE],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    errors = {int(number) for number in re.findall(r"use\.py:(\d+): error:", checked.stdout)}
    assert checked.stderr == ""
    assert errors == wrong, checked.stdout
