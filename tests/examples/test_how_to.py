"""The pages that tell how to do one thing: their files run, their commands answer as shown."""

import sys
from pathlib import Path

import pytest

from tests.examples.page import FENCE, ROOT, steps
from tests.examples.running import follow, up

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
APART = {"grow-to-postgresql"}
"""Needs servers: tests/examples/test_grow.py."""
PAGES = [page for page in sorted((ROOT / "docs/how-to").glob("*.md")) if steps(page) and page.stem not in APART]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page(tmp_path: Path, page: Path) -> None:
    for name, code in FENCE.findall(page.read_text(encoding="utf-8")):
        (tmp_path / name).write_text(code)
    app = ["tasks:app"] if (tmp_path / "tasks.py").exists() else []
    with up(tmp_path, BIN, *app) as running:
        assert follow(steps(page), running) == []


def test_the_pages_with_commands_are_found() -> None:
    assert len(PAGES) >= 10
