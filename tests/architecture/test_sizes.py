"""Small files and small functions."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import SOURCE, kept, named, parsed

FILE, FUNCTION = 400, 60


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """(name, lines without the docstring) of each function."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0].end_lineno if ast.get_docstring(node) else node.lineno - 1
            yield node.name, (node.end_lineno or 0) - (first or 0)


def test_files_and_functions_are_small() -> None:
    paths = kept("*.py")
    files = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {name: lines for name, lines in files.items() if lines > FILE} == {}
    sizes = {f"{named(path)}: {name}": size for path in paths for name, size in functions(path)}
    assert {name: size for name, size in sizes.items() if size > FUNCTION} == {}


def test_most_functions_are_very_small() -> None:
    sizes = sorted(size for path in SOURCE.rglob("*.py") for _, size in functions(path))
    assert statistics.median(sizes) <= 8
    assert sizes[int(len(sizes) * 0.9)] <= 25
