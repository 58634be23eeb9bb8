"""`taskmill up`, as a user runs it: in a directory of its own, until Ctrl-C."""

import os
import pty
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.examples.page import Step, comparable

PATIENCE = 60
EAGER = 15
TASK_LINES = r"^\S+ \S+ \S+ (INFO    std(out|err)|[A-Z]+ +taskmill\.worker): task .*\n(  .*\n)*"
LOOK = re.compile(r"curl (?!-X POST)|taskmill (list|get|queues|workers)\b")
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Running(NamedTuple):
    directory: Path
    port: int
    bin: Path
    said: str

    def shell(self, command: str) -> str:
        """What a command shows on a terminal; it must succeed. Port 8000 of the pages is ours here."""
        code, output = self.attempt(command)
        assert code == 0, f"{command}\n{output}"
        return output

    def attempt(self, command: str) -> tuple[int, str]:
        """Exit code and all output, errors last."""
        return shell(command.replace("localhost:8000", f"localhost:{self.port}"), self.directory, self.bin)


def shell(command: str, directory: Path, bin: Path) -> tuple[int, str]:
    screen, inner = pty.openpty()
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=directory, env=environment(bin), stdout=inner, stderr=subprocess.PIPE, text=True
    )
    os.close(inner)
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    shown = _all_of(screen)
    errors = process.communicate()[1]
    watchdog.cancel()
    return process.returncode, shown + errors


def _all_of(screen: int) -> str:
    shown = b""
    while True:
        try:
            shown += os.read(screen, 65_536)
        except OSError:  # nobody has the other end any more
            os.close(screen)
            return shown.decode().replace("\r\n", "\n")


def environment(bin: Path) -> dict[str, str]:
    """That of a new user: nothing of ours but the way to the commands."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TASKMILL", "PYTHON"))}
    terminal = {"COLUMNS": "100", "TERM": "xterm", "NO_COLOR": "1"}
    quiet = {"PYTHONWARNINGS": "ignore::DeprecationWarning"}  # of pytest's plugins, which a new user has not
    return clean | terminal | quiet | {"PATH": f"{bin}:{os.environ['PATH']}"}


def follow(steps: list[Step], running: Running) -> list[str]:
    """Type each command; answers that are not as the page shows them. `ID` is the last one that was seen."""
    different, last = [], ""
    for command, shown in steps:
        if command.strip() == "taskmill cancel ID":
            _watch_until_it_runs(last, running)
        output = _answer(re.sub(r"\bID\b", last, command), shown, running)
        if shown is not None and comparable(output) != comparable(shown):
            different.append(f"{command}\n--- the page\n{comparable(shown)}\n--- here\n{comparable(output)}")
        last = (ID.findall(output) or [last])[0]
    return different


def _watch_until_it_runs(id: str, running: Running) -> None:
    """As the page has it, before it is cancelled; on a slow machine the next command could come too soon."""
    end = time.monotonic() + EAGER
    while '"state":"running"' not in running.attempt(f"taskmill get {id} --json")[1] and time.monotonic() < end:
        pass


def _answer(command: str, shown: str | None, running: Running) -> str:
    """A look is taken again, as a reader would, while the task is on its way."""
    end = time.monotonic() + EAGER
    while True:
        _, output = running.attempt(command)
        if shown is None or not LOOK.match(command) or comparable(output) == comparable(shown):
            return output
        if time.monotonic() > end:
            return output


@contextmanager
def up(directory: Path, bin: Path, *arguments: str) -> Iterator[Running]:
    """Running from the last line it prints; at the end Ctrl-C, which must end it without a complaint."""
    port = free_port()
    command = [str(bin / "taskmill"), "up", *arguments, "--port", str(port)]
    with (directory / "complaints.log").open("w+") as complaints:
        process = subprocess.Popen(
            command, cwd=directory, env=environment(bin), stdout=subprocess.PIPE, stderr=complaints, text=True
        )
        watchdog = threading.Timer(PATIENCE, process.terminate)
        watchdog.start()
        assert process.stdout is not None
        try:
            said = ""
            while "Ctrl-C stops it." not in said:
                line = process.stdout.readline()
                assert line, (directory / "complaints.log").read_text()
                said += line
            watchdog.cancel()
            yield Running(directory, port, bin, said)
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
        finally:
            watchdog.cancel()
            process.terminate()
            process.wait(PATIENCE)
            process.stdout.close()


def complaints(directory: Path) -> str:
    """What `up` said on stderr, but for its last word, and for how attempts went."""
    said = re.sub(TASK_LINES, "", (directory / "complaints.log").read_text(), flags=re.MULTILINE)
    return "\n".join(line for line in said.splitlines() if not line.startswith("stopping:"))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
