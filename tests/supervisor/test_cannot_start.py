"""What keeps every process from starting is said once, in a sentence with a next step."""

import logging
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from taskmill.core.errors import StoreError, StoreUnavailable
from taskmill.engine.store_failures import StoreFailures
from tests.chaos.running import RunningTaskmill, until

BLOCKER = """
import os, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == os.environ["BLOCKED"]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""
COMMANDS = (("up", "--port", "0"), ("server", "--port", "0"), ("worker",))


def taskmill(
    folder: Path, *arguments: str, blocked: str = "nothing", before: Callable[[], None] | None = None
) -> tuple[int, list[str]]:
    """The exit code, and what it said to standard error."""
    (folder / "sitecustomize.py").write_text(BLOCKER, encoding="utf-8")
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")
    }  # it writes files
    environment = inherited | {"BLOCKED": blocked, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "taskmill", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=30, preexec_fn=before
    )
    return done.returncode, done.stderr.splitlines()


def nothing_more_is_written() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_store_that_cannot_be_written(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert taskmill(tmp_path, "migrate")[0] == 0
    command = tuple("8701" if part == "0" else part for part in command)
    code, (error, hint) = taskmill(tmp_path, *command, before=nothing_more_is_written)
    assert (code, error.startswith("error: the database ")) == (4, True)
    assert hint.startswith("hint: ")


def test_submit_says_that_the_store_cannot_be_written(tmp_path: Path) -> None:
    assert taskmill(tmp_path, "migrate")[0] == 0
    code, (error, _) = taskmill(tmp_path, "submit", "-T", "math", "-P", "1 + 1", before=nothing_more_is_written)
    assert (code, error.startswith("error: the database ")) == (4, True)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("library", "extra", "option", "url"),
    [
        ("redis", "redis", "--broker", "redis://localhost:1"),
        ("pika", "rabbitmq", "--broker", "amqp://localhost:1"),
        ("redis", "redis", "--feed", "rediss://localhost:1"),
        ("asyncpg", "postgres", "--store", "postgresql://localhost:1/x"),
    ],
)
def test_a_library_that_is_missing(
    tmp_path: Path, command: tuple[str, ...], library: str, extra: str, option: str, url: str
) -> None:
    command = tuple("8702" if part == "0" else part for part in command)
    code, said = taskmill(tmp_path, *command, option, url, blocked=library)
    assert code == 2
    assert len(said) == 2
    assert f"needs the library '{library}', which is not installed" in said[0]
    assert said[1] == f'hint: pip install "taskmill[{extra}]"'


def test_what_goes_on_failing_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    failures, full = StoreFailures(), StoreUnavailable("the disk is full", hint="free some space")
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            for who in ("heartbeat", "claims"):
                failures.failed(who, full)
            failures.fine("promote")
        failures.failed("claims", StoreError("it is read-only"))
        failures.fine("claims")
        failures.fine("heartbeat")
        failures.fine("heartbeat")
    assert [record.getMessage() for record in caplog.records] == [
        "the store fails, trying again (heartbeat): the disk is full; free some space",
        "the store fails, trying again (claims): it is read-only",
        "the store works again",
    ]


APP = """
import os, sys
from taskmill import App

app = App()

@app.task
def add(a: int, b: int) -> int:
    return a + b
"""
BREAKS = """
if "taskmill.supervisor.worker" in sys.orig_argv:
    {}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "said"),
    [("os._exit(3)", "exited with code 3"), ("os.abort()", "was ended by SIGABRT"), ("exec('1 +')", None)],
)
def test_a_worker_that_never_starts_ends_it_all_with_the_reason(tmp_path: Path, line: str, said: str | None) -> None:
    (tmp_path / "tasks.py").write_text(APP + BREAKS.format(line))
    code, lines = taskmill(tmp_path, "worker", "tasks:app", "--workers", "1")
    assert code == 1
    if said:
        assert lines[-3:] == [
            *[f"worker-1 {said}; starting it again"] * 2,
            f"worker-1 {said} before it was ready, 3 times in a row: stopping",
        ]
    else:
        assert any("SyntaxError" in line for line in lines)


@pytest.mark.slow
def test_a_worker_that_is_killed_while_it_starts_is_started_again(tmp_path: Path) -> None:
    killed = (
        "log = open(__file__ + '.log', 'a+'); log.write('x'); log.flush(); log.tell() < 5 and os.kill(os.getpid(), 9)"
    )
    (tmp_path / "tasks.py").write_text(APP + BREAKS.format(killed))
    mill = RunningTaskmill(tmp_path, workers=1, home=tmp_path)
    mill.start(app="tasks:app")
    try:
        until(lambda: "Taskmill is up" in mill.said(), 30, "it starts in the end")
        assert mill.said().count("starting it again") == 4
    finally:
        mill.kill_tree()


@pytest.mark.slow
@pytest.mark.parametrize("module", ["asyncio", "email", "logging", "queue", "select", "signal", "socket", "types"])
def test_a_file_named_as_a_module_of_python_takes_nothing_s_place(tmp_path: Path, module: str) -> None:
    (tmp_path / "tasks.py").write_text(APP)
    (tmp_path / f"{module}.py").write_text("raise RuntimeError('not me')\n")
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "taskmill", "worker", "tasks:app"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as up:
        assert up.stdout is not None
        lines = [up.stdout.readline() for _ in range(2)]
        up.terminate()
    assert lines[0].startswith(f"{module}.py in {tmp_path}: Python's standard library has a module of that name")
    assert lines[1].startswith("Taskmill is up")


@pytest.mark.slow
def test_an_app_named_as_a_module_of_python(tmp_path: Path) -> None:
    (tmp_path / "queue.py").write_text(APP)
    command = [sys.executable, "-m", "taskmill", "worker", "queue:app"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    _, error, hint = done.stderr.splitlines()
    assert (done.returncode, error) == (2, "error: app 'queue:app': 'app' in queue is not an App")
    assert "comes first; give yours another" in hint
