"""A running `taskmill up` for measurements."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil


class MeasuredTaskmill(NamedTuple):
    url: str
    store: str
    process: psutil.Process

    def tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def cpu(self) -> float:
        """Seconds of processor time of all its processes."""
        return sum(float(times.user + times.system) for times in (process.cpu_times() for process in self.tree()))


@contextlib.contextmanager
def up(*arguments: str, app: str | None = None) -> Iterator[MeasuredTaskmill]:
    """On a free port and a fresh file; ready when it is yielded."""
    with tempfile.TemporaryDirectory(prefix="taskmill-bench-") as directory, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        store = f"sqlite:///{Path(directory) / 'bench.db'}"
        command = [sys.executable, "-m", "taskmill", "up", *([app] if app else [])]
        command += ["--store", store, "--port", str(port), "--workers", "2", *arguments]
        environment = os.environ | {"PYTHONPATH": os.getcwd()}
        process = psutil.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url)
            yield MeasuredTaskmill(url, store, process)
        finally:
            process.terminate()
            process.wait(60)


def _wait(url: str) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if time.monotonic() > end:
                raise
        time.sleep(0.05)
