"""The generated parts of the documentation are current."""

import subprocess
import sys

from tests.architecture.tree import ROOT, kept


def test_generated_parts_are_current() -> None:
    run = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, f"{run.stdout}{run.stderr}run `make docs`"


def test_every_public_name_of_python_says_what_it_is() -> None:
    command = [sys.executable, "-c", "import python_page; print(*python_page.undocumented())"]
    run = subprocess.run(command, cwd=ROOT / "docs", capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_every_part_is_shown_on_some_page() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in kept("docs/*.md"))
    parts = subprocess.run(
        [sys.executable, "-c", "import generate; print(*generate.PARTS)"],
        cwd=ROOT / "docs",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert [part for part in parts if f"generate.py: {part} -->" not in shown] == []
