"""What the pages tell a reader to type, and what they say is answered."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
TUTORIAL = ROOT / "docs/tutorial.md"

STEP = re.compile(r"^```sh\n(.*?)^```\n(?:\n?```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```python\n# (\S+\.py)\n(.*?)^```", re.MULTILINE | re.DOTALL)
REMARK = re.compile(r"\s{2,}# .*$", re.MULTILINE)

NOT_THE_SAME_TWICE = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\b\d+s ago", "AGO"),
    (r"\bin \d+\.\d+s", "in AGO"),
    (r"\S+/worker-\d+/\w+ +yes +\S+ +\d+ ", "WORKER "),
    (r"\S+/worker-\d+/\w+", "WORKER"),
    (r"\bworker-\d+", "WORKER"),
    (r"\S+/(\w+\.(db|py))\b", r"\1"),
    (r"\S+/bin/taskmill\b", "taskmill"),
    (r"127\.0\.0\.1:\d+|localhost:\d+", "SERVER"),
    (r"\x1b\[[\d;?]*[a-zA-Z]", ""),
    (r"─+", "─"),
    (r"[ \t\r]+", " "),
    (r"^ | $|^\n", ""),
)


class Step(NamedTuple):
    command: str
    output: str | None
    """None: the page does not show any."""


def steps(page: Path, after: str = "", before: str = "") -> list[Step]:
    """The commands of a page in order (between two headings), each in one piece and without remarks.

    The output belongs to the last command of a block.
    """
    found: list[Step] = []
    for block, output in STEP.findall(part(page, after, before)):
        lines = REMARK.sub("", block.replace("\\\n", "")).splitlines()
        found += [Step(line, None) for line in lines[:-1]]
        found.append(Step(lines[-1], output or None))
    return found


def part(page: Path, after: str = "", before: str = "") -> str:
    text = page.read_text(encoding="utf-8")
    return text[text.index(after) : text.index(before) if before else None]


def step(page: Path, *parts: str) -> Step:
    """The one whose command contains these parts."""
    [found] = [one for one in steps(page) if all(part in one.command for part in parts)]
    return found


def files(page: Path, name: str) -> list[str]:
    """What the page says a file of this name holds, as it grows."""
    return [code for found, code in FENCE.findall(page.read_text(encoding="utf-8")) if found == name]


def comparable(output: str) -> str:
    """Without what differs from run to run: ids, times, addresses, widths."""
    for pattern, instead in NOT_THE_SAME_TWICE:
        output = re.sub(pattern, instead, output, flags=re.MULTILINE)
    return output.strip()
