"""The page on adding a command: its command works as it stands."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from taskmill.cli.main import main
from tests.architecture.tree import ROOT
from tests.cli.conftest import Call

PAGE = ROOT / "docs/how-to/contribute/add-a-command.md"


def test_the_command_of_the_page(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    names: dict[str, object] = {}
    exec(compile(code, "stats.py", "exec"), names)
    stats = names["stats"]
    assert call("submit", "-T", "math", "-P", "1", "--no-wait").exit_code == 0
    shown = CliRunner().invoke(stats, ["--json"])  # type: ignore[arg-type]
    assert json.loads(shown.stdout)["states"]["ready"] == 1
    assert "ready\t1\n" in CliRunner().invoke(stats, []).stdout  # type: ignore[arg-type]
    assert "stats" not in main.commands, "take a command that is not there yet as the example"
    assert f'"{stats.help}"' in page  # type: ignore[attr-defined]


def test_every_file_that_it_names_is_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for folder, name in re.findall(r"`((?:service|cli)/)?(\w+\.py)`", page):
        homes = ("src/taskmill/" + folder,) if folder else ("src/taskmill/cli/", "tests/cli/", "src/taskmill/")
        assert name == "stats.py" or any((ROOT / home / name).exists() for home in homes), name
