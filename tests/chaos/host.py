"""`taskmill up` in processes of its own, to be killed and frozen in part: one of several hosts."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.chaos.running import children
from tests.servers.base import HOST, free_port

ROOT = Path(__file__).parents[2]


class Host:
    """Its app is told the URLs in the environment, as TEST_STORE and so on."""

    def __init__(
        self, directory: Path, app: str, urls: Mapping[str, str], settings: Mapping[str, object], **environment: str
    ) -> None:
        """`urls`: by setting (store, broker, feed)."""
        directory.mkdir(exist_ok=True)
        self.url = f"http://{HOST}:{(port := free_port())}"
        self.output = directory / "output.log"
        self.environment = os.environ | as_environment(urls) | environment | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        options = [
            part for name, value in {**urls, "port": port, **settings}.items() for part in (f"--{name}", str(value))
        ]
        self._command = [sys.executable, "-m", "taskmill", "up", app, *options]

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
        return children(self.process, "taskmill.supervisor.worker")

    def servers(self) -> list[psutil.Process]:
        return children(self.process, "taskmill.supervisor.server")

    def stop(self) -> int:
        """Its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return int(self.process.wait(timeout=30))

    def kill(self) -> None:
        """All of it."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in [self.process, *self.process.children(recursive=True)]:
                process.kill()
            self.process.wait()


def as_environment(urls: Mapping[str, str]) -> dict[str, str]:
    return {f"TEST_{name.upper()}": url for name, url in urls.items()}
