"""`up`, `server` and `worker`: what they say, and how they end."""

import json
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import call_real, free_port, read_until, running, stop

pytestmark = pytest.mark.slow

APP = """
from taskmill import App

app = App("sqlite:///own.db")

@app.task
def add(a: int, b: int) -> int:
    return a + b
"""


def test_up_says_where_it_is_and_what_to_try(tmp_path: Path) -> None:
    port = free_port()
    with running("up", "--port", str(port), cwd=tmp_path) as process:
        said = read_until(process, "Ctrl-C")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 200
        errors = stop(process, signal.SIGINT)
    assert f"Taskmill is up on {tmp_path}/taskmill.db" in said
    assert f"http://127.0.0.1:{port}" in said
    assert "workers  2, for all queues" in said
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_an_app_runs_on_its_own_store(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(APP)
    with running("worker", "tasks:app", "--workers", "1", cwd=tmp_path) as process:
        assert f"on {tmp_path}/own.db" in read_until(process, "Ctrl-C")
        store = ("--store", "sqlite:///own.db")
        assert call_real("submit", *store, "-T", "add", "-p", "a=2", "-p", "b=3", cwd=tmp_path).stdout == "5\n"
        [worker] = json.loads(call_real("workers", "--json", *store, cwd=tmp_path).stdout)
        assert worker["alive"]
        stop(process, signal.SIGTERM)
    assert process.returncode == 0


def test_a_store_that_is_not_the_apps_own_is_noted(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(APP)
    with running("worker", "tasks:app", "--store", "sqlite:///other.db", cwd=tmp_path) as process:
        assert "other.db" in read_until(process, "Ctrl-C")
        assert "tasks:app enqueues to sqlite:///own.db" in stop(process, signal.SIGTERM)


@pytest.mark.parametrize(
    ("ref", "says"),
    [("tasks:ap", "use tasks:app"), ("task:app", "there is no module 'task'"), ("tasks.py", "use tasks:app")],
)
def test_an_app_that_is_not_there_is_told(tmp_path: Path, ref: str, says: str) -> None:
    (tmp_path / "tasks.py").write_text(APP)
    result = call_real("up", ref, cwd=tmp_path)
    assert result.returncode == 2
    assert says in result.stderr
    assert result.stderr.count("error:") == 1
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "taskmill.db").exists()


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("len(7)", "TypeError: object of type 'int' has no len()"),
        ("int('x')", "ValueError: invalid literal for int() with base 10: 'x'"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("def f(:", "SyntaxError: invalid syntax"),
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
@pytest.mark.parametrize("command", ["up", "worker"])
def test_an_app_that_breaks_shows_where(tmp_path: Path, command: str, code: str, says: str) -> None:
    (tmp_path / "tasks.py").write_text(f"print('hello')\n{code}\n")
    result = call_real(command, "tasks:app", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert f"error: the app tasks:app cannot be loaded: {says}" in result.stderr
    assert 'tasks.py", line 2' in result.stderr
    assert result.stderr.count("error: ") == 1
    assert "importlib" not in result.stderr
    assert "taskmill/sdk" not in result.stderr


def test_an_app_that_ends_its_process_is_told(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("import os; os._exit(0)")
    result = call_real("up", "tasks:app", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "the app tasks:app cannot be loaded: it ended its process (0)" in result.stderr


def test_what_an_app_prints_is_for_people_and_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(f"print('hello')\n{APP}\nimport atexit; atexit.register(print, 'bye')\n")
    with running("worker", "tasks:app", "--workers", "1", cwd=tmp_path) as process:
        assert f"on {tmp_path}/own.db" in read_until(process, "Ctrl-C")
        assert "hello" in stop(process, signal.SIGTERM)


def test_a_host_for_everyone_is_refused(tmp_path: Path) -> None:
    result = call_real("up", "--host", "0.0.0.0", "--port", str(free_port()), cwd=tmp_path)
    assert result.returncode != 0
    assert "nobody can log in" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--store", "postgres://u:secret@h/db"], "did you mean postgresql://?"),
        (["--broker", "ampq://u:secret@h"], "did you mean amqp://?"),
        (["--feed", "reddis://:secret@h"], "did you mean redis://?"),
        (["--broker", "memory://"], "can't share a memory:// broker"),
    ],
)
def test_a_url_that_makes_no_sense_starts_nothing(tmp_path: Path, args: list[str], says: str) -> None:
    result = call_real("up", *args, cwd=tmp_path)
    assert result.returncode == 2
    assert says in result.stderr
    assert "secret" not in result.stderr
    assert not (tmp_path / "taskmill.db").exists()
