"""A real supervisor in a process of its own, to be killed and frozen; and the log its tasks write."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil

HERE = Path(__file__).parent


class LogLine(NamedTuple):
    what: str
    number: int
    run: str
    pid: int
    at: float


class RunningTaskmill:
    """`home`: the directory of the module `app`."""

    def __init__(
        self, directory: Path, lease: float = 15.0, workers: int = 2, slots: int = 16, home: Path = HERE
    ) -> None:
        self.store = f"sqlite:///{directory / 'chaos.db'}"
        self.log = directory / "runs.log"
        self.log.touch()
        self.output = directory / "output.log"
        self.environment = os.environ | {
            "CHAOS_STORE": self.store,
            "CHAOS_LOG": str(self.log),
            "PYTHONPATH": str(home),
        }
        self._arguments = ["--workers", str(workers), "--lease", str(lease), "--slots", str(slots)]
        self.process: psutil.Popen

    def start(self, *arguments: str, app: str = "app:app") -> float:
        """Returns when it was started."""
        command = [sys.executable, "-m", "taskmill", "worker", app, "--store", self.store, *self._arguments, *arguments]
        at = time.time()
        with self.output.open("ab") as output:
            self.process = psutil.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return at

    def said(self) -> str:
        """What it printed."""
        return self.output.read_text()

    def tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def workers(self) -> list[psutil.Process]:
        return children(self.process, "taskmill.supervisor.worker")

    def kill_tree(self) -> float:
        processes = self.tree()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
        self.process.wait()
        return time.time()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return int(self.process.wait(timeout=60))

    def lines(self) -> list[LogLine]:
        whole = self.log.read_text().rpartition("\n")[0]  # without a line that is being written
        fields = (line.split() for line in whole.splitlines())
        return [LogLine(what, int(number), run, int(pid), float(at)) for what, number, run, pid, at in fields]


def children(process: psutil.Process, module: str) -> list[psutil.Process]:
    """Those that run this module."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in process.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if module in child.cmdline():
                    found.append(child)
    return found


def until(condition: Callable[[], bool], timeout: float, what: str) -> float:
    """Look until it holds; how long it took. What is watched are other processes: there is no event to wait for."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > timeout:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.01)
    return time.monotonic() - began
