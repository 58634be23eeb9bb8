"""The list of commands: it says what their modules say, so that help and completion need not import them."""

import subprocess
import sys
from pathlib import Path

import pytest

from taskmill.cli.main import COMMANDS, load_command, main
from tests.cli.conftest import ENVIRONMENT


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name: str) -> None:
    command = load_command(name)
    assert command.name == name
    assert main.commands[name].get_short_help_str(200) == command.get_short_help_str(200)


@pytest.mark.parametrize(
    ("args", "more", "says"),
    [
        (["--help"], {}, "List tasks, newest first."),
        (["--version"], {}, "taskmill "),
        ([], {"_TASKMILL_COMPLETE": "bash_complete", "COMP_WORDS": "taskmill wo", "COMP_CWORD": "1"}, "plain,worker\n"),
    ],
    ids=["help", "version", "completion"],
)
def test_no_command_is_imported(tmp_path: Path, args: list[str], more: dict[str, str], says: str) -> None:
    code = """
import atexit, sys
atexit.register(lambda: print(*(name for name in sys.modules if name.startswith("taskmill.")), file=sys.stderr))
from taskmill.__main__ import start
start()
"""
    command = [sys.executable, "-c", code, *args]
    ended = subprocess.run(
        command, cwd=tmp_path, env=ENVIRONMENT | more, capture_output=True, text=True, timeout=60, check=False
    )
    assert says in ended.stdout
    modules = {f"taskmill.cli.{where.partition(':')[0]}" for where, _ in COMMANDS.values()}
    assert modules.isdisjoint(ended.stderr.split())
    assert "taskmill.cli.main" in ended.stderr.split()
    assert "taskmill.service.service" not in ended.stderr
