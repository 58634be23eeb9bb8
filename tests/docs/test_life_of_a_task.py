"""The ways through the code that the page on the life of a task lists are the ways that the imports take."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.tree import ROOT, SOURCE, parsed

PAGE = (ROOT / "docs/explanation/life-of-a-task.md").read_text(encoding="utf-8")
WAYS = {
    title: re.findall(r"^\d+\. `([^`]+)`: ", text, re.MULTILINE)
    for title, text in re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
LIFE = ("From a call to a row", "From a row to its outcome")


def imported(file: str) -> Iterator[str]:
    """The files, as the page names them, that one imports; a package stands for what it imports itself."""
    for node in ast.walk(parsed(SOURCE / file)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("taskmill."):
            path = node.module.removeprefix("taskmill.").replace(".", "/")
            yield from (f"{path}.py", *(f"{path}/{alias.name}.py" for alias in node.names))
            if (SOURCE / path).is_dir() and file != f"{path}/__init__.py":
                yield f"{path}/__init__.py"
                yield from imported(f"{path}/__init__.py")


def test_there_are_ways() -> None:
    assert len(WAYS) == 5
    assert all(len(files) > 9 for files in WAYS.values())


@pytest.mark.parametrize("way", WAYS)
def test_each_file_is_imported_by_one_above_it(way: str) -> None:
    reached = {WAYS[way][0]}
    for file in WAYS[way]:
        assert file in reached, f"nothing above it imports {file}"
        reached |= set(imported(file))


def test_the_life_of_a_task_is_read_in_twenty_files() -> None:
    assert len({file for way in LIFE for file in WAYS[way]}) <= 20
