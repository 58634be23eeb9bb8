"""What tasks leave behind, memory and processes, is collected."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from taskmill import App
from tests.chaos.running import RunningTaskmill, until
from tests.supervisor.test_children import named

__all__ = ["named"]
pytestmark = pytest.mark.slow


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc")
def test_garbage_in_cycles_is_collected_when_memory_grows(mill: RunningTaskmill, named: App) -> None:
    mill.start("--workers", "1")
    handles = [named.tasks["leave_a_cycle"].enqueue() for _ in range(1100)]
    for handle in handles:
        handle.result(timeout=60)
    peak: int = named.tasks["peak_memory"].enqueue().result(timeout=20)
    assert peak < 1.5 * 2**30, f"{peak / 2**20:.0f} MiB of 4400"


@pytest.mark.skipif(not shutil.which("unshare") or os.getuid() != 0, reason="needs unshare and root")
def test_as_the_first_process_it_waits_for_every_orphan(mill: RunningTaskmill, named: App, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "taskmill", "worker", "app:app", "--store", mill.store, "--workers", "1"]
    outer = psutil.Popen(
        ["unshare", "--pid", "--fork", "--kill-child", *command],
        env=mill.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        path = tmp_path / "pid"
        named.tasks["orphan"].enqueue(str(path)).result(timeout=30)
        until(lambda: any(one.name() == "sleep" for one in outer.children(recursive=True)), 5, "it runs")
        [first] = outer.children()
        until(lambda: not any(one.name() == "sleep" for one in first.children(recursive=True)), 10, "it is waited for")
        first.send_signal(signal.SIGTERM)
        assert outer.wait(timeout=20) == 0
    finally:
        if outer.is_running():
            outer.kill()
