"""Every command that is printed works as it is printed, in whatever directory, on the store that was looked at."""

import re
import select
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from taskmill.cli.up import ready_text
from taskmill.engine.worker.settings import WorkerSettings
from taskmill.supervisor.plan import Plan
from tests.cli.conftest import COMMAND as TASKMILL
from tests.cli.conftest import ENVIRONMENT, call_real, free_port, read_until, running

COMMAND = re.compile(r"`(taskmill [^`]+)`|(?<![\w./`-])(taskmill [^`\n;]+?)(?=;| shows | has | makes |$)", re.MULTILINE)


def printed(text: str) -> list[str]:
    return [(found[1] or found[2]).strip() for found in COMMAND.finditer(text)]


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


def ask(directory: Path, *args: str) -> list[str]:
    ended = call_real(*args, cwd=directory)
    return printed(ended.stdout + ended.stderr)


def works(directory: Path, command: str) -> str:
    """Returns what it prints."""
    _, *args = shlex.split(command)
    ended = call_real(*args, cwd=directory)
    assert ended.returncode == 0, f"{command}: {ended.stderr}"
    return ended.stdout


def starts(directory: Path, command: str, *more: str) -> None:
    _, *args = shlex.split(command)
    with running(*args, *more, cwd=directory) as process:
        read_until(process, "Ctrl-C")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


NO_STORE = {"list": ["list"], "types": ["types"], "queues": ["queues"], "a group's own option": ["types", "list"]}


@pytest.mark.parametrize("command", NO_STORE.values(), ids=NO_STORE)
def test_where_there_is_no_store(elsewhere: Path, tmp_path: Path, command: list[str]) -> None:
    store = f"sqlite:///{tmp_path}/tasks and more.db"
    [hint] = ask(elsewhere, *command, "--store", store)
    starts(elsewhere, hint, "--port", str(free_port()))
    assert (tmp_path / "tasks and more.db").exists()
    assert not list(elsewhere.iterdir())


ON_A_STORE: dict[str, list[str]] = {
    "a value for many parameters": ["submit", "-T", "report", "-P", "5"],
    "a file that it does not take": ["submit", "-T", "math", "-P", "1", "--file", __file__],
    "neither ids nor a filter": ["retry"],
    "no worker": ["submit", "--no-wait", "-T", "math", "-P", "1"],
    "doctor": ["doctor"],
}


@pytest.mark.parametrize("said", ON_A_STORE.values(), ids=ON_A_STORE)
def test_on_a_store_somewhere_else(here: Path, elsewhere: Path, said: list[str]) -> None:
    hints = ask(elsewhere, *said, "--store", f"sqlite:///{here}/taskmill.db")
    assert hints
    for hint in hints:
        assert f"--store sqlite:///{here}/taskmill.db" in hint
        (starts if hint.startswith("taskmill worker") else works)(elsewhere, hint)


def test_a_queue_that_is_paused(here: Path, elsewhere: Path) -> None:
    where = ["--store", f"sqlite:///{here}/taskmill.db"]
    works(elsewhere, shlex.join(["taskmill", "queues", "pause", "default", *where]))
    with running("worker", *where, cwd=elsewhere) as worker:
        read_until(worker, "Ctrl-C")
        [hint] = ask(elsewhere, "submit", "--no-wait", "-T", "math", "-P", "1", *where)
        assert works(elsewhere, hint) == "default is open\n"


def test_a_task_that_failed_or_goes_on(served: Path, elsewhere: Path) -> None:
    where = ["--store", f"sqlite:///{served}/taskmill.db"]
    [get] = ask(elsewhere, "submit", "-T", "math", "-P", "1 / 0", *where)
    assert "division" in works(elsewhere, get) + call_real(*shlex.split(get)[1:], cwd=elsewhere).stderr
    [watch] = ask(elsewhere, "submit", "-T", "math", "-P", "1", "--delay", "2", "--wait-timeout", "0.1", *where)
    works(elsewhere, watch)


def test_a_task_type_shows_a_command(served: Path, elsewhere: Path) -> None:
    where = f"--store sqlite:///{served}/taskmill.db"
    shown = works(elsewhere, f"taskmill types {where} show math")
    works(elsewhere, printed(shown)[-1])


FROM: dict[str, tuple[list[str], str]] = {
    "nothing": ([], ""),
    "a flag": (["--store", "sqlite:///its%20own.db"], ""),
    "a file": ([], 'store = "sqlite:///named in a file.db"\n'),
}


@pytest.mark.parametrize(("flags", "settings"), FROM.values(), ids=FROM)
def test_what_up_says_to_try_next(elsewhere: Path, tmp_path: Path, flags: list[str], settings: str) -> None:
    (tmp_path / "taskmill.toml").write_text(settings)
    with running("up", "--port", str(free_port()), "--workers", "1", *flags, cwd=tmp_path) as process:
        said = read_until(process, "Ctrl-C")
        submit, watch = printed(said)
        assert works(elsewhere, submit) == "11\n"
        curl = next(line for line in said.splitlines() if line.strip().startswith("curl "))
        posted = subprocess.run(curl, shell=True, cwd=elsewhere, capture_output=True, text=True, check=True)
        assert '"created":true' in posted.stdout
        with running(*shlex.split(watch)[1:], cwd=elsewhere) as watching:
            assert watching.stdout is not None
            while not select.select([watching.stdout], [], [], 0.5)[0]:  # it shows what changes from when it looks
                works(elsewhere, submit)
            read_until(watching, "0")
    assert not list(elsewhere.iterdir())


def test_what_an_app_of_ones_own_says_to_try_next(elsewhere: Path, tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(
        "from taskmill import App\n\napp = App('sqlite:///own.db')\n\n@app.task\ndef f(): ..."
    )
    with running("up", "tasks:app", "--port", str(free_port()), "--workers", "1", cwd=tmp_path) as process:
        types, watch = printed(read_until(process, "Ctrl-C"))
        assert "f\t" in works(elsewhere, types)
        with running(*shlex.split(watch)[1:], cwd=elsewhere) as watching:
            assert watching.poll() is None


def test_the_file_with_the_password_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", ENVIRONMENT["PATH"])
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    plan = Plan("postgresql://u:geheim@h/db", "power", None, 1, WorkerSettings())
    said = ready_text(plan, tmp_path / "taskmill.toml")
    assert f"taskmill types --config {tmp_path}/taskmill.toml\n" in said
    assert "geheim" not in said


def test_where_the_command_is_not_found_it_is_named_by_its_path(tmp_path: Path) -> None:
    bare = ENVIRONMENT | {"PATH": "/usr/bin:/bin"}
    ended = subprocess.run([*TASKMILL, "list"], cwd=tmp_path, env=bare, capture_output=True, text=True, check=False)
    script = Path(sys.executable).with_name("taskmill")
    assert f"run `{script} up` here" in ended.stderr
    shown = subprocess.run([str(script), "--version"], cwd=tmp_path, env=bare, capture_output=True, check=False)
    assert shown.returncode == 0


def test_a_password_is_not_said_again(elsewhere: Path) -> None:
    [hint] = ask(elsewhere, "retry", "--store", "postgresql://u:geheim@127.0.0.1:1/db")
    assert hint == "taskmill retry --store URL --queue mail --dry-run"
