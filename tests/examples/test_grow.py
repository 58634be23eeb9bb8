"""The page that leads from a file to PostgreSQL: its commands run, in its order, and answer as shown."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from taskmill.core import times
from taskmill.sdk.sync import run
from taskmill.stores.open import open_store
from taskmill.testing.conformance.case import a_task
from tests.examples.page import ROOT, Step, comparable, steps
from tests.examples.running import shell, up

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs/how-to/grow-to-postgresql.md"
BIN = Path(sys.executable).parent
URL, PLACE = "postgresql://mill@db/mill", "db:5432/mill"
LOOK = "## Look whether"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A directory with a store of three tasks, which wait for nobody to run them."""
    store = open_store(f"sqlite:///{tmp_path}/taskmill.db")
    run(store.open())
    run(store.add([a_task(task_type="math", run_at=times.now() + 3_600_000_000) for _ in range(3)]))
    run(store.close())
    return tmp_path


def answered(step: Step, url: str, directory: Path) -> str:
    code, output = shell(step.command.replace(URL, url), directory, BIN)
    assert code == 0, output
    parts = urlsplit(url)
    return output.replace(f"{parts.hostname}:{parts.port}{parts.path}", PLACE)


def follow(found: list[Step], url: str, directory: Path) -> None:
    assert found
    for step in found:
        assert comparable(answered(step, url, directory)) == comparable(step.output or ""), step.command


def test_the_way_to_postgresql(old: Path, postgres_url: str) -> None:
    follow(steps(PAGE, before=LOOK), postgres_url, old)
    with up(old, BIN, "--store", postgres_url):
        follow(steps(PAGE, after=LOOK), postgres_url, old)
