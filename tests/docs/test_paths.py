"""A file or folder of ours that a page names is there."""

import re
from pathlib import Path

from tests.architecture.tree import ROOT, SOURCE, kept, named

FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"`([\w.-]+/[\w./-]*?)(?::\w+|::[\w\[\]-]+)?`")
"""In backticks, with a slash in it and not at its beginning; after it may stand what is meant in the file."""
OURS = re.compile(r"\.(py|sql|lua|md|toml|txt)$|/$")
FROM = (ROOT, ROOT / "src", SOURCE, ROOT / "tests", ROOT / "docs", SOURCE / "testing")
PLACEHOLDER = "NAME"
PAGES = kept("docs/*.md", "README.md", "CONTRIBUTING.md", "benchmarks/*.md", "examples/*.md")


def named_paths(page: Path) -> set[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {path for path in PATH.findall(text) if OURS.search(path) and PLACEHOLDER not in path}


def is_there(path: str, page: Path) -> bool:
    return any((base / path).exists() for base in (*FROM, page.parent))


def test_paths_that_a_page_names_exist() -> None:
    missing = [(page, path) for page in PAGES for path in sorted(named_paths(page)) if not is_there(path, page)]
    found = [
        f"{named(page)}:{n}: {path}"
        for page, path in missing
        for n, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if path in line
    ]
    assert found == []


def test_there_are_paths_to_look_at() -> None:
    assert "core/machine.py" in {path for page in PAGES for path in named_paths(page)}
    assert not is_there("core/no_such_file.py", PAGES[0])
