"""The documentation site builds without a network, asks no other host for anything, and has no broken link."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, kept

pytestmark = pytest.mark.slow
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?([^"'\s>]+)|<link\b[^>]*\bhref=["']?([^"'\s>]+)"""
)


def build(root: Path, site: Path) -> "subprocess.CompletedProcess[str]":
    """Where every host is out of reach."""
    nowhere = {"https_proxy": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}
    command = [sys.executable, str(root / "docs/build_site.py"), str(site)]
    return subprocess.run(command, capture_output=True, text=True, env=nowhere)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT, folder)
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_of_the_docs_is_in_it(site: Path) -> None:
    pages = {path.relative_to(ROOT).with_suffix("") for path in kept("docs/*.md")}
    made = {path.relative_to(site).with_suffix("") for path in site.rglob("*.html")}
    missing = [
        page for page in pages if page not in made and page / "index" not in made and page.parent / "index" not in made
    ]
    assert missing == []


def test_it_asks_no_other_host(site: Path) -> None:
    fetched = {
        address
        for page in site.rglob("*.html")
        for found in FETCHED.findall(page.read_text(encoding="utf-8"))
        for address in found
        if "://" in address
    }
    assert fetched == set()
    assert not any('class="mermaid"' in page.read_text(encoding="utf-8") for page in site.rglob("*.html"))


def test_search_knows_the_names_of_the_api(site: Path) -> None:
    index = json.loads((site / "search/search_index.json").read_text(encoding="utf-8"))
    titles = {entry["title"] for entry in index["docs"] if "reference/python" in entry["location"]}
    assert {"App.task", "TaskHandle.result", "StoreUnavailable"} <= titles
    assert list((site / "assets/javascripts/workers").glob("search.*.js"))


@pytest.mark.parametrize("link", ["no-such-page.md", "cancel.md#no-such-anchor"])
def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path, link: str) -> None:
    copy = tmp_path / "copy"
    for path in kept("*.md", "docs", "examples", "LICENSE"):
        there = copy / path.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, there)
    with (copy / "docs/how-to/results.md").open("a", encoding="utf-8") as page:
        page.write(f"\nSee [this]({link}).\n")
    built = build(copy, tmp_path / "site")
    assert built.returncode != 0
    assert link in built.stderr
