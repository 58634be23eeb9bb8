"""One word for one thing, and nothing in the repository that belongs to somebody's machine."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, kept, named

OTHER_WORDS = re.compile(r"\b(jobs?|kickers?|actors?|todo|fixme|xxx)\b", re.IGNORECASE)
"""Words of other systems (ours is: task), and promises to come back."""

INDEX_HOSTS = re.compile(r"\b(py[p]i|python[h]osted|npm[j]s|maven[.]org|golang[.]org|crates[.]io)\b", re.IGNORECASE)
MACHINE_PATHS = re.compile(r"/(root|home)/[a-z.]|/wor[k]/|\bsession[s]? /", re.IGNORECASE)

PROSE = [path for path in kept("src", "docs", "*.md", "examples") if path.suffix in {".py", ".sql", ".md", ".toml"}]
TEXT = [path for path in kept() if path.suffix not in {".png", ".svg", ".ico"} and path != Path(__file__)]


def found(pattern: re.Pattern[str], path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [f"{named(path)}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if pattern.search(line)]


@pytest.mark.parametrize("path", PROSE, ids=named)
def test_the_words_are_those_of_the_design(path: Path) -> None:
    assert found(OTHER_WORDS, path) == []


@pytest.mark.parametrize("pattern", [INDEX_HOSTS, MACHINE_PATHS], ids=["package index", "machine"])
def test_no_address_of_a_package_index_and_no_path_of_a_machine(pattern: re.Pattern[str]) -> None:
    assert [line for path in TEXT for line in found(pattern, path)] == []


def test_there_is_text_to_look_at() -> None:
    assert ROOT / "pyproject.toml" in TEXT
    assert ROOT / "src/taskmill/core/machine.py" in PROSE
