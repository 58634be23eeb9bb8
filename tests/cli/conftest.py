"""A directory that a real `taskmill up` serves, and ways to call the command line."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import taskmill
from taskmill.cli.main import main
from taskmill.plugins import handlers
from taskmill.sdk.sync import run
from taskmill.stores.open import open_store

Call = Callable[..., Result]

COMMAND = [sys.executable, "-m", "taskmill"]
OURS = ("TASKMILL_", "VIRTUAL_ENV")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | {
    "PYTHONPATH": str(Path(taskmill.__file__).parents[1]),
    "TERM": "xterm",
    "COLUMNS": "160",
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
}


@contextmanager
def running(*args: str, cwd: Path) -> "Iterator[subprocess.Popen[str]]":
    """A real process; gone at the end, whatever the test found."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND, *args], cwd=cwd, env=ENVIRONMENT, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def stop(process: "subprocess.Popen[str]", number: int) -> str:
    """Send a signal and wait for the end; returns what it said on stderr."""
    process.send_signal(number)
    return process.communicate(timeout=60)[1]


def call_real(*args: str, cwd: Path, stdin: str | None = None, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *args],
        cwd=cwd,
        env=ENVIRONMENT | more,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def without(library: str, *args: str, cwd: Path) -> str:
    """What a command that fails says where a library is not installed."""
    code = f"import sys; sys.modules[{library!r}] = None; from taskmill.__main__ import start; start()"
    command = [sys.executable, "-c", code, *args]
    ended = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    return ended.stdout + ended.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def read_until(process: "subprocess.Popen[str]", last: str) -> str:
    """What a process says, up to the line that starts so."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith(last):
            return said
    raise AssertionError(f"it ended without {last!r}: {said}")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command line in this process, its output in pipes."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", ENVIRONMENT["PATH"])
    return lambda *args: CliRunner().invoke(main, args, prog_name="taskmill")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a store that knows the task types of the catalogue, and no worker."""
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///taskmill.db")
    run(store.open())
    run(store.put_task_types([task.row() for task in handlers(None).values()]))
    run(store.close())
    return tmp_path


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The working directory of a real `taskmill up`."""
    directory = tmp_path_factory.mktemp("served")
    with running("up", "--port", str(free_port()), "--workers", "1", cwd=directory) as process:
        read_until(process, "Ctrl-C")
        yield directory
        assert "\nTraceback" not in stop(process, signal.SIGTERM)  # those of handlers are indented
        assert process.returncode == 0


@pytest.fixture
def in_served(served: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(served)
    return served
