"""One word for one thing, and nothing in the repository that belongs to somebody's machine."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.architecture.tree import MADE, ROOT, SOURCE, kept, named, parsed

OTHER_WORDS = re.compile(r"\b(jobs?|kickers?|actors?|todo|fixme|xxx)\b", re.IGNORECASE)
"""Words of other systems (ours is: task), and promises to come back."""

INDEX_HOSTS = re.compile(r"\b(py[p]i|python[h]osted|npm[j]s|maven[.]org|golang[.]org|crates[.]io)\b", re.IGNORECASE)
MACHINE_PATHS = re.compile(r"/(root|home)/[a-z.]|/wor[k]/|\bsession[s]? /", re.IGNORECASE)

PROSE = [path for path in kept("src", "docs", "*.md", "examples") if path.suffix in {".py", ".sql", ".md", ".toml"}]
SOURCES = sorted(path for path in SOURCE.rglob("*.py") if MADE not in path.name)
TEXT = [path for path in kept() if path.suffix not in {".png", ".svg", ".ico"} and path != Path(__file__)]


def found(pattern: re.Pattern[str], path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [f"{named(path)}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if pattern.search(line)]


def test_the_words_are_those_of_the_design() -> None:
    assert [line for path in PROSE for line in found(OTHER_WORDS, path)] == []


@pytest.mark.parametrize("pattern", [INDEX_HOSTS, MACHINE_PATHS], ids=["package index", "machine"])
def test_no_address_of_a_package_index_and_no_path_of_a_machine(pattern: re.Pattern[str]) -> None:
    assert [line for path in TEXT for line in found(pattern, path)] == []


def test_there_is_text_to_look_at() -> None:
    assert ROOT / "pyproject.toml" in TEXT
    assert ROOT / "src/taskmill/core/machine.py" in PROSE


PICTURES = frozenset(
    [
        "mill",
        "shelf",
        "hand",
        "tap",
        "voice",
        "told",
        "patience",
        "linger",
        "farewell",
        "breath",
        "heir",
        "bury",
        "childhood",
        "trouble",
        "poured",
        "hungry",
        "tired",
        "story",
        "purse",
        "wish",
        "presence",
    ]
)
"""Words that a reader of names would have to learn first; docs/explanation/glossary.md has those of the field."""
ONE_MEANING = {
    "turn": ("stores/", "engine/worker/worker.py", "testing/conformance/"),
    "hold": ("stores/", "core/task.py"),
    "held": ("core/errors.py",),
}
"""Word → where names may have it: the store's verb; the unique key that an unfinished task holds."""
TWICE = {"Task": 2}
"""A declared task type and a stored task are both `Task` to those who use Taskmill."""
SCENARIOS = re.compile(r"test_\w+")


def words_of(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def defined(path: Path) -> set[str]:
    """Names that a file gives to something, and its own."""
    found = {path.stem}
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return {name for name in found if not SCENARIOS.fullmatch(name)}


def test_names_are_no_pictures() -> None:
    assert {
        f"{named(path)}: {name}" for path in SOURCES for name in defined(path) if words_of(name) & PICTURES
    } == set()


@pytest.mark.parametrize("word", ONE_MEANING)
def test_a_word_has_one_meaning(word: str) -> None:
    elsewhere = [
        path for path in SOURCES if not named(path).removeprefix("src/taskmill/").startswith(ONE_MEANING[word])
    ]
    assert {f"{named(path)}: {name}" for path in elsewhere for name in defined(path) if word in words_of(name)} == set()


def test_class_names_are_unique() -> None:
    names = Counter(node.name for path in SOURCES for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef))
    assert {name: count for name, count in names.items() if count > TWICE.get(name, 1)} == {}
