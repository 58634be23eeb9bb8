"""Ways to fail: one sentence, a hint, an exit code, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from taskmill.cli import errors
from taskmill.cli.errors import CODES
from taskmill.core.errors import InvalidParameters, Problem
from tests.cli.conftest import COMMAND, ENVIRONMENT, Call, call_real

READING = [
    ["list"],
    ["get", "x"],
    ["watch"],
    ["types"],
    ["queues"],
    ["workers"],
    ["submit", "-T", "math"],
    ["cancel", "x"],
]


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_a_store_that_is_not_there_is_not_made(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(*command)
    assert result.exit_code == 4
    expected = "error: there is no store at ./taskmill.db\nhint: run `taskmill up` here, or pass --store\n"
    assert result.stderr == expected
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["lsit"], 2, "list"),
        (["list", "--stor", "x"], 2, "--store"),
        (["list", "--state", "redy"], 2, "'ready'"),
        (["list", "--limit", "0"], 2, "--limit"),
        (["list", "--store", "sqlite"], 2, "not the URL of a store"),
        (["list", "--store", "postgres://u:secret@h/db"], 2, "…@h/db"),
        (["list", "--store", "memory://"], 2, "one process"),
        (["up", "--store", "memory://"], 2, "can't share"),
        (["up", "--port", "many"], 2, "--port"),
        (["worker", "--slots", "0", "--lease", "soon"], 2, "1 more"),
        (["list", "--store", "sqlite:////dev/null/x"], 4, "no store"),
        (["list", "--config", "none.toml"], 2, "No such file"),
        (["completion", "tcsh"], 2, "bash"),
        (["queues", "pause"], 2, "NAME"),
    ],
)
def test_the_message_says_what_would_be_right(call: Call, here: Path, args: list[str], code: int, says: str) -> None:
    result = call(*args)
    assert result.exit_code == code
    assert result.stderr.startswith("error: ")
    assert says in result.stderr
    assert result.stdout == ""


def test_a_file_that_is_no_store_is_told(call: Call, here: Path) -> None:
    (here / "notes.db").write_text("not a database, though it is long enough to be mistaken for one" * 50)
    result = call("list", "--store", "sqlite:///notes.db")
    assert result.exit_code == 4
    assert "notes.db" in result.stderr


@pytest.mark.slow
def test_debugging_shows_where(here: Path) -> None:
    assert "Traceback" in call_real("get", "x", cwd=here, TASKMILL_DEBUG="1").stderr
    assert "Traceback" not in call_real("get", "x", cwd=here).stderr


@pytest.mark.slow
@pytest.mark.parametrize("args", [["--help"], ["types", "--json"]], ids=" ".join)
def test_a_full_disk_is_told(here: Path, args: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *args], stdout=full, stderr=subprocess.PIPE, cwd=here, env=ENVIRONMENT, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (1, "error: the output can't be written: No space left on device\n")


def test_settings_are_wrong_for_every_command(call: Call, here: Path) -> None:
    (here / "taskmill.toml").write_text("prt = 1\n")
    result = call("list")
    assert result.exit_code == 2
    assert "taskmill.toml: prt: no such setting; did you mean port?" in result.stderr


@pytest.mark.slow
def test_a_reader_that_has_enough_is_no_error(here: Path) -> None:
    assert call_real("submit", "-T", "math", "-P", "1", "--no-wait", cwd=here).returncode == 0
    process = subprocess.Popen(
        [*COMMAND, "list", "--json"], cwd=here, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=30) == 0


def test_the_exit_codes_are_documented(call: Call) -> None:
    text = call("--help").stdout
    assert all(f"{code:<4} {meaning}" in text for code, meaning in CODES.items())


def test_help_does_not_load_what_it_does_not_need() -> None:
    heavy = ("rich", "apsw", "uvicorn", "starlette", "jsonschema_rs", "yaml", "taskmill.service.service")
    code = f"import sys, taskmill.cli.main; print([name for name in {heavy!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_version_and_completion(call: Call, here: Path) -> None:
    assert call("--version").stdout.startswith("taskmill ")
    for shell in ("bash", "zsh", "fish"):
        assert "_TASKMILL_COMPLETE" in call("completion", shell).stdout


@pytest.mark.slow
def test_task_types_and_ids_are_completed(here: Path) -> None:
    def complete(words: str, at: int) -> str:
        return call_real(cwd=here, _TASKMILL_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(at)).stdout

    assert complete("taskmill submit -T m", 3).split() == ["plain,math", "plain,message"]
    id = call_real("submit", "-T", "math", "-P", "1", "--no-wait", cwd=here).stdout.strip()
    assert complete("taskmill get ", 2).split() == [f"plain,{id}"]
    (here / "taskmill.db").unlink()
    assert complete("taskmill get ", 2).strip() == ""


def test_every_problem_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem("$.a", "is required"), Problem("$.b", "is required")]
    errors.report(InvalidParameters("the parameters do not fit: $.a is required", problems=problems))
    assert capsys.readouterr().err == "error: the parameters do not fit: $.a is required\n  $.b is required\n"


def test_ctrl_c_while_the_commands_are_loaded_shows_no_traceback(here: Path) -> None:
    interrupted = """
import sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
from taskmill.__main__ import start
start()
"""
    ended = subprocess.run([sys.executable, "-c", interrupted], cwd=here, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (errors.INTERRUPTED, "")


INTERRUPTED = """
import os, signal, sys
wanted = sys.argv[1]
class Interrupt:
    # Ctrl-C while this module is looked for.
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
from taskmill.__main__ import start
sys.argv = ["taskmill", "list"]
start()
"""


@pytest.mark.parametrize("module", ["click", "taskmill.cli.main", "taskmill.core.errors", "taskmill.cli.tasks"])
def test_ctrl_c_while_a_command_is_loaded_is_no_traceback(tmp_path: Path, module: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, module]
    ended = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.strip()) == (130, "", "")


def test_what_must_be_loaded_before_anything_is_caught_is_next_to_nothing(tmp_path: Path) -> None:
    code = "import sys; before = set(sys.modules); import taskmill.__main__; print(*sorted(set(sys.modules) - before))"
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["taskmill", "taskmill.__main__"]


def test_what_is_wrong_with_one_setting_is_said_once(call: Call, here: Path) -> None:
    said = call("list", "--store", "sqlite:///taskmill.db", "--config", "bad.toml")
    assert said.stderr.count("No such file") == 1
    (here / "bad.toml").write_text('slots = "x"\nlease = -1\n')
    said = call("list", "--config", "bad.toml")
    assert (said.exit_code, said.stderr.count("slots must"), said.stderr.count("slots: must")) == (2, 1, 0)
    assert said.stderr.count("lease: must") == 1
    assert said.stderr.count("lease must") == 0
