"""A real `taskmill up shop:app --reload`, and the file that it watches."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.chaos.running import children, until

APP = """
import asyncio

from taskmill import App

app = App()


@app.task
def greet() -> str:
    return "{word}"


@app.task
async def wait(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "waited"
"""


class Reloaded:
    def __init__(self, directory: Path, port: int, environment: Mapping[str, str]) -> None:
        self.directory = directory
        self._port = port
        self._environment = environment
        self._output = directory / "output.log"
        self._process: psutil.Popen

    def write(self, word: str) -> None:
        (self.directory / "shop.py").write_text(APP.replace("{word}", word))

    def start(self) -> None:
        options = ["--reload", "--port", str(self._port), "--workers", "1"]
        with self._output.open("ab") as output:
            self._process = psutil.Popen(
                [sys.executable, "-m", "taskmill", "up", "shop:app", *options],
                cwd=self.directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.until_said("Ctrl-C stops it.")

    def said(self) -> str:
        return self._output.read_text()

    def until_said(self, text: str) -> None:
        until(lambda: text in self.said() or not self._process.is_running(), 30, text)
        assert text in self.said(), self.said()

    def workers(self) -> set[int]:
        return {process.pid for process in children(self._process, "taskmill.supervisor.worker")}

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return int(self._process.wait(timeout=60))

    def kill(self) -> None:
        if self._process.is_running():
            for process in [*self._process.children(recursive=True), self._process]:
                process.kill()
        self._process.wait()
