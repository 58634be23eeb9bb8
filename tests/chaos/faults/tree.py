"""One host of a course: a supervisor with a server and two workers of its own, and its links to the servers."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.servers.base import HOST, free_port

ROOT = Path(__file__).parents[3]
APP = "tests.chaos.faults.app:app"
WORKERS = 2
SLOTS = 8


class Tree:
    """`urls`: by setting (store, broker, feed)."""

    def __init__(self, directory: Path, runs: Path, urls: Mapping[str, str], lease: float) -> None:
        self.url = f"http://{HOST}:{(port := free_port())}"
        self.output = directory / "output.log"
        own = {f"CHAOS_{name.upper()}": url for name, url in urls.items()}
        self.environment = os.environ | own | {"CHAOS_RUNS": str(runs), "PYTHONPATH": str(ROOT)}
        settings = {**urls, "port": port, "workers": WORKERS, "slots": SLOTS, "lease": lease, "poll": 0.5, "grace": 5}
        options = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
        self._command = [sys.executable, "-m", "taskmill", "up", APP, *options]

    def start(self) -> None:
        with self.output.open("wb") as output:
            self.process = psutil.Popen(
                self._command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def is_up(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"it ended: {self.said()}")
        return "Taskmill is up" in self.said()

    def said(self) -> str:
        return self.output.read_text()

    def workers(self) -> list[psutil.Process]:
        return self._children("taskmill.supervisor.worker")

    def servers(self) -> list[psutil.Process]:
        return self._children("taskmill.supervisor.server")

    def stop(self) -> int:
        """Its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return int(self.process.wait(timeout=30))

    def kill(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in [self.process, *self.process.children(recursive=True)]:
                process.kill()
            self.process.wait()

    def _children(self, module: str) -> list[psutil.Process]:
        found = []
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in self.process.children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    if module in process.cmdline():
                        found.append(process)
        return found
