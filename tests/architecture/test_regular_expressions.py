"""Every regular expression of the project takes time that grows with the text, not with its square."""

import ast
import importlib
import re
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.architecture.tree import SOURCE, parsed

SIZE = 6_000
"""Characters. Something quadratic takes a tenth of a second for them, something linear a tenth of a millisecond."""
SUSPICIOUS = 0.008
WHOLE = {"fullmatch", "match"}
ANYWHERE = {"search", "finditer", "findall", "sub", "subn", "split"}
MADE_ELSEWHERE = {
    "engine/worker/withheld.py": "of texts that are escaped, one or the other",
    "catalogue/mail/plain.py": "in a table of two, which is collected as it is",
    "catalogue/data/types.py": "in a table of forms, which is collected as it is",
}
"""Expressions that only exist once their module runs, and why they are in no danger."""


class Use(NamedTuple):
    place: str
    expression: Any
    ways: frozenset[str]
    """In which it is looked for."""

    def __str__(self) -> str:
        return f"{self.place}: {self.expression.pattern[:40]!r}"


def uses(path: Path) -> Iterator[Use]:
    """As they stand in calls of `re`, in `Meta(pattern=…)`, and in the module's tables."""
    place, tree = str(path.relative_to(SOURCE)), parsed(path)
    found = [one for node in ast.walk(tree) if isinstance(node, ast.Call) for one in _of_call(node)]
    if not found:
        return
    name = f"taskmill.{place.removesuffix('.py').replace('/', '.').removesuffix('.__init__')}"
    names = vars(importlib.import_module(name))
    for node, way in found:
        try:
            expression = eval(compile(ast.Expression(node), "<pattern>", "eval"), names | {"re": re})
        except NameError:
            assert place in MADE_ELSEWHERE, f"{place}:{node.lineno} can't be looked at: make it a constant"
            continue
        ways = {way} if way else _ways(path, {key for key, value in names.items() if value is expression})
        yield Use(place, re.compile(expression), frozenset(ways))
    for table in names.values():
        if isinstance(table, dict):
            yield from (Use(place, one, frozenset(ANYWHERE)) for one in table.values() if isinstance(one, re.Pattern))
            yield from (
                Use(place, re.compile(one.pattern), frozenset(WHOLE))
                for one in table.values()
                if isinstance(getattr(one, "pattern", None), str) and not isinstance(one, re.Pattern)
            )


def _of_call(node: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    func = node.func
    if isinstance(func, ast.Attribute) and ast.unparse(func.value) == "re" and func.attr == "compile":
        yield node, ""
    elif isinstance(func, ast.Attribute) and ast.unparse(func.value) == "re" and func.attr in WHOLE | ANYWHERE:
        yield node.args[0], func.attr
    yield from ((word.value, "search") for word in node.keywords if word.arg == "pattern")


def _ways(path: Path, names: set[str]) -> set[str]:
    text = path.read_text(encoding="utf-8")
    return {way for name in names for way in re.findall(rf"\b{name}\.(\w+)\(", text)} or ANYWHERE


ALL = [use for path in sorted(SOURCE.rglob("*.py")) for use in uses(path)]


def literals(pattern: str | bytes, flags: int) -> list[str]:
    """Pieces of text that the expression names, which an attacker would repeat."""
    parser = sys.modules["re"]._parser
    text = pattern.decode() if isinstance(pattern, bytes) else pattern
    found = dict.fromkeys((" ", "a", "0", *re.findall(r"[A-Za-z]{2,}", text)[:6]))

    def walk(parts: Any) -> None:
        run = ""
        for kind, value in parts:
            if str(kind) in ("LITERAL", "NOT_LITERAL"):
                run += chr(value)
                continue
            found.setdefault(run)
            run = ""
            for inner in value if isinstance(value, list | tuple) else ():
                if isinstance(inner, parser.SubPattern):
                    walk(inner)
                elif isinstance(inner, tuple) and str(inner[0]) == "LITERAL":
                    found.setdefault(chr(inner[1]))
                elif isinstance(inner, list):
                    for one in inner:
                        if isinstance(one, parser.SubPattern):
                            walk(one)
                        elif isinstance(one, tuple) and str(one[0]) == "LITERAL":
                            found.setdefault(chr(one[1]))
        found.setdefault(run)

    walk(parser.parse(text, flags & ~re.UNICODE.value))
    return [one for one in found if one][:16]


def attacks(pattern: str | bytes, flags: int, size: int) -> Iterator[str]:
    pieces = literals(pattern, flags)
    pumps = [*pieces, *(a + b for a, b in product(pieces, pieces) if a != b)]
    for start, pump in product(("", *pieces), pumps):
        yield (start + pump * (size // len(pump)))[:size] + "\x01"


def took(use: Use, text: Any) -> float:
    began = time.process_time()
    if use.ways & WHOLE:
        use.expression.fullmatch(text)
        use.expression.match(text)
    if use.ways & ANYWHERE:
        for _ in use.expression.finditer(text):
            pass
    return time.process_time() - began


@pytest.mark.parametrize("use", ALL, ids=str)
def test_its_time_grows_with_the_text(use: Use) -> None:
    is_bytes = isinstance(use.expression.pattern, bytes)
    for text in attacks(use.expression.pattern, use.expression.flags, SIZE):
        given: Any = text.encode() if is_bytes else text
        if took(use, given) < SUSPICIOUS:
            continue
        once = min(took(use, given) for _ in range(3))
        twice = min(took(use, given[:-1] * 2 + given[-1:]) for _ in range(3))
        assert once < SUSPICIOUS or twice < 2.5 * once, f"{text[:40]!r}…: {once:.3f} s, twice as much {twice:.3f} s"


def test_the_known_ones_are_among_them() -> None:
    places = {use.place for use in ALL}
    assert {"catalogue/mail/plain.py", "catalogue/github.py", "config/fields.py", "core/limits.py"} <= places
    assert len(ALL) > 30


@pytest.mark.parametrize(
    "bad", [r"<(style|script)\b.*?</\1\s*>", r"(://[^:/@\s]*:)\S*(?=@)", r"\s+$", r"[?&][^=]*key[^=]*="]
)
def test_one_that_is_quadratic_is_found(bad: str) -> None:
    with pytest.raises(AssertionError, match="twice as much"):
        test_its_time_grows_with_the_text(Use("here", re.compile(bad, re.DOTALL), frozenset({"search"})))
