"""The examples run on real workers, and answer as their page shows."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.examples.page import ROOT, step, steps
from tests.examples.running import complaints, follow, up

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
EXAMPLES = ROOT / "examples"
PAGE = EXAMPLES / "README.md"


def test_every_example_is_on_the_page() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {"pictures", "pages", "orders"}


@pytest.mark.parametrize(
    ("name", "after", "before"),
    [
        ("pictures", "## Pictures", "## Pages"),
        ("pages", "## Pages", "## Orders"),
        ("orders", "## Orders", ""),
    ],
)
def test_an_example(tmp_path: Path, name: str, after: str, before: str) -> None:
    shutil.copy(EXAMPLES / f"{name}.py", tmp_path)
    start, *rest = steps(PAGE, after, before)
    assert start == step(PAGE, f"taskmill up {name}:app")
    with up(tmp_path, BIN, f"{name}:app") as running:
        assert follow(rest, running) == []
    assert complaints(tmp_path) == ""
