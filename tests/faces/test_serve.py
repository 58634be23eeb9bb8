"""The server process: it starts, refuses what it must, stays quiet, and stops."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import httpx
import pytest

from taskmill.config.server import ServerSettings
from taskmill.core.errors import InvalidSettings
from taskmill.sdk.backend import ConnectionSettings
from taskmill.server.asgi import listen, serve
from tests.chaos.running import until

PROGRAM = """
import sys
from taskmill.sdk.backend import ConnectionSettings
from taskmill.server.asgi import serve
from taskmill.config.server import ServerSettings
connection, settings = ConnectionSettings(sys.argv[1]), ServerSettings(port=int(sys.argv[2]))
serve(connection, settings, on_ready=lambda: print("ready", flush=True), lifeline=0)
"""
SLOW = {"task_type": "sleep", "parameters": {"seconds": 60}}


class Server(NamedTuple):
    process: "subprocess.Popen[str]"
    http: httpx.Client

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self, number: int) -> tuple[int, str]:
        """The exit code, and what it wrote to standard error."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        code = self.process.wait(15)
        assert self.process.stderr is not None
        return code, self.process.stderr.read()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(path: Path) -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, f"sqlite:///{path}", str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        try:
            assert process.stdout.readline() == "ready\n"
            yield Server(process, http)
        finally:
            process.kill()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "tasks.db") as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_a_word(server: Server, number: int) -> None:
    assert server.http.get("/healthz").status_code == 200
    assert server.stop(number) == (0, "")


def test_it_ends_with_its_parent(server: Server) -> None:
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert server.ended() == (0, "")


def test_those_who_wait_are_answered_before_it_ends(server: Server) -> None:
    id = server.http.post("/api/tasks", json=SLOW).json()["id"]
    replies: list[httpx.Response] = []
    caller = threading.Thread(target=lambda: replies.append(server.http.get(f"/api/tasks/{id}/result?wait=60")))
    before = server.open_files()
    caller.start()
    until(lambda: server.open_files() > before, 10, "it listens for the end of the task")
    started = time.monotonic()
    assert server.stop(signal.SIGTERM) == (0, "")
    caller.join()
    assert replies[0].status_code == 202
    assert time.monotonic() - started < 5


@pytest.mark.slow
def test_a_stalled_upload_does_not_hold_it_up(server: Server) -> None:
    before = server.open_files()
    with socket.create_connection(("127.0.0.1", server.http.base_url.port or 0)) as upload:
        upload.sendall(b"POST /api/tasks HTTP/1.1\r\nHost: localhost\r\n")
        upload.sendall(b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        until(lambda: server.open_files() > before, 10, "it has the connection")
        server.http.get("/healthz")  # what came before this was read before
        code, words = server.stop(signal.SIGTERM)
    assert code == 0
    assert "Traceback" not in words


def test_waiting_leaves_nothing_open(server: Server) -> None:
    id = server.http.post("/api/tasks", json=SLOW).json()["id"]

    def wait() -> int:
        server.http.get(f"/api/tasks/{id}/result", params={"wait": 0.01})
        return server.open_files()

    before = wait()
    assert [wait() for _ in range(10)][-1] <= before


@pytest.mark.alone
def test_an_idle_server_sleeps(server: Server) -> None:
    server.http.get("/healthz")
    before = cpu(server.process.pid)
    time.sleep(1.5)
    assert cpu(server.process.pid) - before <= 0.01


def cpu(pid: int) -> float:
    """Seconds so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
def test_tasks_outlive_it(tmp_path: Path) -> None:
    with running(tmp_path / "tasks.db") as first:
        id = first.http.post("/api/tasks", json=SLOW).json()["id"]
        first.process.kill()
    with running(tmp_path / "tasks.db") as second:
        assert second.http.get(f"/api/tasks/{id}").json()["state"] == "ready"


def test_a_store_that_cannot_be_written_is_told(server: Server) -> None:
    id = server.http.post("/api/tasks", json=SLOW).json()["id"]
    before = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    reply = server.http.post("/api/tasks", json=SLOW)
    ready = server.http.get("/readyz")
    assert server.http.get(f"/api/tasks/{id}").status_code == 200, "what is stored stays readable"
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, before)
    assert (reply.status_code, reply.json()["code"]) == (503, "store_unavailable")
    assert "retry-after" in reply.headers
    assert (ready.status_code, ready.json()["errors"][0]["path"]) == (503, "store")
    assert server.http.post("/api/tasks", json=SLOW).status_code == 201


@pytest.mark.slow
def test_a_store_that_is_locked_makes_it_not_ready_in_good_time(server: Server, tmp_path: Path) -> None:
    other = apsw.Connection(str(tmp_path / "tasks.db"))
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    assert server.http.get("/readyz").json()["errors"][0]["path"] == "store"
    assert time.monotonic() - started < 6
    other.close()
    assert server.http.post("/api/tasks", json=SLOW).status_code == 201


def test_a_port_in_use_is_one_sentence() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(InvalidSettings, match=r"port \d+ on 127.0.0.1 is in use"):
        serve(ConnectionSettings("memory://"), ServerSettings(port=taken.getsockname()[1]))


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_server_that_others_reach_wants_a_login(host: str) -> None:
    with pytest.raises(InvalidSettings, match="nobody can log in") as refused:
        serve(ConnectionSettings("memory://"), ServerSettings(host=host, port=free_port()))
    for command in ("taskmill user add", "taskmill token create", "--no-login"):
        assert command in str(refused.value.hint)


@pytest.mark.parametrize("host", ["192.0.2.5", "example.org"])
def test_a_host_that_is_not_of_this_machine_is_refused(host: str) -> None:
    with pytest.raises(InvalidSettings, match="cannot listen on"):
        serve(ConnectionSettings("memory://"), ServerSettings(host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_every_loopback_address_may_be_bound(host: str) -> None:
    listen(host, 0).close()


@pytest.mark.parametrize("port", [-1, 65_536])
def test_what_is_no_port_is_refused(port: Any) -> None:
    with pytest.raises(InvalidSettings, match="ports are 0 to 65535"):
        listen("127.0.0.1", port)
