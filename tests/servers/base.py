"""A server in a process of its own: started, killed, frozen, wiped, and never left behind."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import psutil

HOST = "127.0.0.1"
GUARD = 'cat >/dev/null; kill -KILL "-$0"; rm -rf -- "$1"'
"""Its input ends with this process, however that ends: Ctrl-C, SIGKILL, a crash."""
_WORKER = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw"))
_OURS = range(20_000 + _WORKER % 16, 32_000, 16)
"""Ports of this test process alone: two that run side by side never probe the same one."""
_PORTS = iter(random.sample(_OURS, k=len(_OURS)))


class Provisioner(ABC):
    """Gives each test a fresh and empty part of a server, whoever started it."""

    @abstractmethod
    def fresh(self) -> AbstractContextManager[str]:
        """The URL of an empty database (a vhost, a database number); removed at the end of the block."""


class Server(Provisioner):
    """One server on free ports of 127.0.0.1, with a directory of its own: `with PostgresServer() as server: …`"""

    name: ClassVar[str]
    end: ClassVar[signal.Signals] = signal.SIGTERM
    """Asks it to stop in an orderly way."""

    def __init__(self) -> None:
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self.data = self.directory / "data"
        self.log = self.directory / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def _command(self) -> list[str]:
        """Makes the data directory when there is none."""

    @abstractmethod
    def _answers(self) -> bool:
        """A real round trip; any OSError means no."""

    def _environment(self) -> dict[str, str]:
        return dict(os.environ)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of its first process; the others are children of it."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._process.pid

    def start(self) -> None:
        """Returns when it answers."""
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Start it and do not wait: `await_ready()` does."""
        if self.running:
            return
        command = self._command()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self._environment(),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        guard = ["sh", "-c", GUARD, str(self._process.pid), str(self.directory)]
        self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)

    def await_ready(self, timeout: float = 60.0) -> None:
        until = time.monotonic() + timeout
        while not self._looks_ready():
            if not self.running or time.monotonic() > until:
                raise RuntimeError(f"{self.name} did not come up on port {self.port}. Its log ends so:\n{self.tail()}")
            time.sleep(0.01)

    def _looks_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return self._answers()
        return False

    def stop(self) -> None:
        """In an orderly way; the data stays."""
        if self._process is not None and self.running:
            self.resume()
            self._process.send_signal(self.end)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=30)
        self.kill()

    def settle(self) -> None:
        """Have it write down what SIGKILL must not take; most servers do that before they answer."""

    def kill(self) -> None:
        """SIGKILL to every process of it at once; the data stays as it was at that moment."""
        if self._process is None or self._guard is None:
            return
        _signal(self._tree(), signal.SIGSTOP, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._guard.kill()
        self._guard.communicate()
        self._process = self._guard = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def wipe(self) -> None:
        """Stopped, and all data gone; the next start makes a server that knows nothing."""
        self.kill()
        shutil.rmtree(self.data, ignore_errors=True)

    def pause(self) -> None:
        """SIGSTOP: connections stay open, nothing answers."""
        _signal(self._tree(), signal.SIGSTOP)

    def resume(self) -> None:
        _signal(self._tree(), signal.SIGCONT)

    def mend(self) -> None:
        """Up and answering again, whatever was done to it."""
        self.resume()
        self.start()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def tail(self, lines: int = 30) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _tree(self) -> list[psutil.Process]:
        """The processes of it, the first one first."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if self._process is not None and self.running:
                first = psutil.Process(self._process.pid)
                return [first, *first.children(recursive=True)]
        return []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _signal(processes: list[psutil.Process], *numbers: signal.Signals) -> None:
    for number in numbers:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)


def free_port() -> int:
    """Never the same one twice, and below the ports that the system gives to clients.

    A client that tries again and again to reach a closed port of that range would, some day, be given this very port
    and be connected to itself.
    """
    for port in _PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise RuntimeError("no free port on 127.0.0.1 between 20000 and 32000")
