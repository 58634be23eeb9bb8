"""Each line of the guarantees names tests that are there."""

import re

from tests.architecture.tree import ROOT, kept

PAGE = ROOT / "docs/explanation/guarantees.md"


def test_the_named_tests_exist() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in kept("tests/*.py", "src/taskmill/testing/*.py"))
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))
    assert named
    assert [name for name in sorted(named) if f"def {name}(" not in sources] == []
