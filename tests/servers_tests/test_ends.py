"""A server that fails says why, and none is left behind."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.chaos.running import until
from tests.servers import RedisServer

pytestmark = pytest.mark.slow


def test_a_server_that_does_not_come_up_shows_its_log() -> None:
    server = RedisServer()
    server._settings["maxmemory"] = "a lot"
    with pytest.raises(RuntimeError, match=r"redis did not come up on port \d+(?s:.*)maxmemory"), server:
        pass
    assert not server.directory.exists()


STARTER = """
import os, signal
from tests.servers import PostgresServer
server = PostgresServer()
server.start()
print(server._process.pid, server.directory, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_is_left_of_a_session_that_was_killed() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", STARTER],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": "."},
    )
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    pid, directory = ran.stdout.split()
    until(lambda: not Path(directory).exists(), 5, "the directory is gone")
    with contextlib.suppress(psutil.NoSuchProcess):
        assert psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE
