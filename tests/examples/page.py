"""What the pages tell a reader to type."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
TUTORIAL = ROOT / "docs/tutorial.md"

CONSOLE = re.compile(r"(?:^ {4}\S.*\n(?:^ {5,}.*\n|^ {4}\S.*\n)*)", re.MULTILINE)
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"\s{2,}# .*$", re.MULTILINE)


def commands(page: Path) -> list[str]:
    """The indented commands of a page, each in one piece, without the remarks after them."""
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    blocks = (re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in CONSOLE.findall(prose))
    lines = (line for block in blocks for line in block.replace("\\\n", "").splitlines())
    return [COMMENT.sub("", line) for line in lines]


def command(page: Path, *parts: str) -> str:
    """The one command that contains these parts."""
    [found] = [line for line in commands(page) if all(part in line for part in parts)]
    return found


def module(page: Path) -> str:
    """The page's tasks.py."""
    [found] = [code for code in FENCE.findall(page.read_text(encoding="utf-8")) if code.startswith("# tasks.py\n")]
    return found.removeprefix("# tasks.py\n")
