"""`taskmill up`, as a user runs it: in a directory of its own, until Ctrl-C."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

PATIENCE = 30


class Running(NamedTuple):
    directory: Path
    port: int
    bin: Path

    def shell(self, command: str) -> str:
        """What a command prints; it must succeed. Port 8000 of the pages is ours here."""
        command = command.replace("localhost:8000", f"localhost:{self.port}")
        run = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env=environment(self.bin),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}"
        return run.stdout


def environment(bin: Path) -> dict[str, str]:
    """That of a new user: nothing of ours but the way to the commands."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TASKMILL", "PYTHON"))}
    return clean | {"PATH": f"{bin}:{os.environ['PATH']}"}


@contextmanager
def up(directory: Path, bin: Path, *arguments: str) -> Iterator[Running]:
    """Running from the first line it prints; at the end Ctrl-C, which must end it without a complaint."""
    port = free_port()
    command = [bin / "taskmill", "up", *arguments, "--port", str(port)]
    with (directory / "complaints.log").open("w+") as complaints:
        process = subprocess.Popen(
            command, cwd=directory, env=environment(bin), stdout=subprocess.PIPE, stderr=complaints, text=True
        )
        watchdog = threading.Timer(PATIENCE, process.terminate)
        watchdog.start()
        try:
            assert process.stdout is not None
            assert "is up" in process.stdout.readline(), (directory / "complaints.log").read_text()
            watchdog.cancel()
            yield Running(directory, port, bin)
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
            assert (directory / "complaints.log").read_text() == ""
        finally:
            watchdog.cancel()
            process.terminate()
            process.wait(PATIENCE)
            process.stdout.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
