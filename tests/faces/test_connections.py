"""What callers do with connections: slow, endless, too many. On real sockets, with a server in a process of its own."""

import contextlib
import json
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from taskmill.server.connections import BoundedProtocol
from tests.chaos.running import until
from tests.faces.test_serve import free_port

PROGRAM = """
import json, sys
from taskmill.sdk.backend import ConnectionSettings
from taskmill.server import asgi, connections
limits, shorter = connections.ConnectionLimits, json.loads(sys.argv[3])
asgi.ConnectionLimits = lambda **given: limits(**shorter | given)
ready = lambda: print("ready", flush=True)
settings = asgi.ServerSettings(port=int(sys.argv[2]))
asgi.serve(ConnectionSettings(sys.argv[1]), settings, on_ready=ready, lifeline=0)
"""
SHORT = {"head_timeout": 1.0, "idle_timeout": 1.0, "body_timeout": 1.0, "stalled_timeout": 2.0}
HEAD = b"POST /api/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


class Server(NamedTuple):
    process: "subprocess.Popen[str]"
    port: int
    log: Path

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def alive(self) -> float:
        """Seconds that it took to say so."""
        start = time.monotonic()
        assert httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=20).status_code == 200
        return time.monotonic() - start

    def peak(self) -> int:
        """Megabytes it ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) // 1024


@contextlib.contextmanager
def running(folder: Path, limits: dict[str, float], files: int | None = None) -> Iterator[Server]:
    port, log = free_port(), folder / "server.log"
    allow = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None
    command = [sys.executable, "-c", PROGRAM, f"sqlite:///{folder}/tasks.db", str(port), json.dumps(limits)]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, preexec_fn=allow
        )
        assert process.stdout is not None
        with process:
            try:
                assert process.stdout.readline() == "ready\n"
                yield Server(process, port, log)
            finally:
                process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("connections"), SHORT) as server:
        yield server


def answer(connection: socket.socket) -> tuple[int, dict[str, str]]:
    """Status and problem; 0 when it was closed without one."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            received += piece
    if not received:
        return 0, {}
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head.lower()
    return int(head.split()[1]), json.loads(body)


def test_uvicorn_calls_what_is_bounded_here() -> None:
    ours = {name for name, value in vars(BoundedProtocol).items() if callable(value) and not name.startswith("_")}
    theirs = {name for name in ours if name in vars(HttpToolsProtocol)}
    assert ours - theirs == {"end", "end_if_late", "refuse"}


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"x: y\r\n" * 101 + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"y" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["many", "long", "address"],
)
def test_headers_are_bounded(server: Server, sent: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(sent)
        status, problem = answer(connection)
    assert (status, problem["code"]) == (431, "headers_too_large")
    assert "100, of 65,536 bytes" in problem["detail"]


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"GET /healthz HTTP/1.1\r\n", b"name: value\r\n" * 1000),
        (b"GET /healthz HTTP/1.1\r\nendless: ", b"x" * 65_536),
        (b"GET /healthz HTTP/1.1\r\n", b"x" * 65_536),
        (b"GET /", b"x" * 65_536),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"trailer: value\r\n" * 1000),
    ],
    ids=["headers", "a value", "a name", "an address", "trailers"],
)
def test_endless_heads_cost_nothing(server: Server, start: bytes, piece: bytes) -> None:
    server.alive()
    before = server.peak()
    slowest = 0.0
    with server.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(start)
        for number in range(1000):
            connection.sendall(piece)
            if number % 100 == 0:
                slowest = max(slowest, server.alive())
        pytest.fail("it took them all")
    assert slowest < 1.0
    assert server.peak() - before < 20


def test_who_says_nothing_is_left(server: Server) -> None:
    with server.connect() as connection:
        assert answer(connection) == (0, {})


def test_slow_headers(server: Server) -> None:
    with server.connect() as connection:
        dripping = threading.Thread(target=drip, args=(connection, b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 100))
        dripping.start()
        status, problem = answer(connection)
        dripping.join()
    assert (status, problem["code"]) == (408, "request_timeout")
    assert "headers" in problem["detail"]


def drip(connection: socket.socket, content: bytes) -> None:
    with contextlib.suppress(OSError):
        for byte in content:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)


def test_a_body_that_stops(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        status, problem = answer(connection)
    assert (status, problem["code"]) == (408, "request_timeout")
    assert "body" in problem["detail"]


def test_a_body_that_drips(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        dripping = threading.Thread(target=drip, args=(connection, b"{" * 1000))
        dripping.start()
        started = time.monotonic()
        assert answer(connection)[0] == 408
        dripping.join()
    assert time.monotonic() - started < 10, "less than a kilobyte a second is too little"


def test_a_refused_body_is_not_listened_to_for_ever(server: Server) -> None:
    with server.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(HEAD + b"Content-Length: 999999999999\r\n\r\n")
        started = time.monotonic()
        while time.monotonic() - started < 10:
            connection.sendall(b"x" * 1000)
            time.sleep(0.05)
        pytest.fail("it went on listening")


def test_line_breaks_keep_no_connection(server: Server) -> None:
    with server.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        started = time.monotonic()
        while time.monotonic() - started < 10:
            connection.sendall(b"\r\n")
            time.sleep(0.1)
        pytest.fail("it kept the connection")


def test_a_long_request_is_no_slow_client(server: Server) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=20) as http:
        id = http.post("/api/tasks", json={"task_type": "sleep", "parameters": {"seconds": 1}}).json()["id"]
        started = time.monotonic()
        assert http.get(f"/api/tasks/{id}/result?wait=4").status_code == 202
        assert time.monotonic() - started > 3.5


def test_pipelined_requests_are_answered(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        received = b""
        while received.count(b'{"status":"ok"}') < 20:
            piece = connection.recv(65_536)
            assert piece
            received += piece


def test_who_takes_nothing_of_an_answer_is_left(tmp_path: Path) -> None:
    tasks = [{"task_type": "message", "parameters": {"message": "x" * 9000}, "tags": ["y" * 128] * 1}] * 500
    with running(tmp_path, SHORT) as server:
        url = f"http://127.0.0.1:{server.port}"
        assert httpx.post(f"{url}/api/tasks/batch", json={"tasks": tasks}, timeout=20).status_code == 200
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(b"GET /api/tasks?limit=500 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40)
            until(lambda: connection_count(server) == 0, 20, "it is closed")


def connection_count(server: Server) -> int:
    """Established ones, seen from the server."""
    table = Path(f"/proc/{server.process.pid}/net/tcp").read_text(encoding="ascii")
    return len(re.findall(rf"^ *\d+: 0100007F:{server.port:04X} \S+ 01 ", table, re.MULTILINE))


def test_idle_connections_keep_nobody_out(tmp_path: Path) -> None:
    """With 256 descriptors: the idlest give way to those who ask, and the log says it once."""
    with running(tmp_path, {}, files=256) as server:
        idle = [server.connect() for _ in range(300)]
        for _ in range(20):
            server.alive()
        busy = [server.connect() for _ in range(20)]
        for connection in busy:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        for connection in [*idle, *busy]:
            connection.close()
        said = server.log.read_text(encoding="utf-8")
    assert said.count("connections are open, which is the most") == 1
    assert "192 connections at once" in said, "and at its start, that there are few"


def test_when_all_are_at_work_the_newest_is_refused(tmp_path: Path) -> None:
    with running(tmp_path, {}, files=256) as server:
        working = [server.connect() for _ in range(192)]
        for connection in working:
            connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        with server.connect() as connection:
            status, problem = answer(connection)
        assert (status, problem["code"]) == (503, "too_many_connections")
        working.pop().close()
        until(lambda: answered(server), 10, "there is room again")
        for connection in working:
            connection.close()


def answered(server: Server) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{server.port}/healthz").status_code == 200
    return False


def test_event_streams_are_bounded_also_when_they_come_at_once(tmp_path: Path) -> None:
    with running(tmp_path, {}) as server:
        created = httpx.post(
            f"http://127.0.0.1:{server.port}/api/tasks", json={"task_type": "message", "parameters": {"message": "x"}}
        )
        id = created.json()["id"]
        connections = [server.connect() for _ in range(700)]
        for number, connection in enumerate(connections):
            path = f"/api/tasks/{id}/events" if number % 2 else "/api/events"
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        statuses = [int(connection.recv(100).split()[1]) for connection in connections]
        assert (statuses.count(200), statuses.count(503)) == (500, 200)
        for connection in connections:
            connection.close()


def test_bodies_hold_only_so_much_memory_together(tmp_path: Path) -> None:
    head = HEAD.replace(b"/api/tasks", b"/api/tasks/batch") + b"Content-Length: 33000000\r\n\r\n"
    with running(tmp_path, {}) as server:
        senders = [server.connect() for _ in range(12)]
        for connection in senders:
            connection.settimeout(0.5)
            with contextlib.suppress(OSError):  # it is not read to its end
                connection.sendall(head + b"x" * 30_000_000)
        server.alive()
        assert server.peak() < 600
        refused = 0
        for connection in senders:
            with contextlib.suppress(OSError):
                refused += connection.recv(100).startswith(b"HTTP/1.1 503")
            connection.close()
        assert 1 <= refused <= 4
        until(lambda: created(server), 10, "there is room again")


def created(server: Server) -> bool:
    tasks = {"tasks": [{"task_type": "message", "parameters": {"message": "x" * 9000}}] * 1000}
    url = f"http://127.0.0.1:{server.port}/api/tasks/batch"
    return httpx.post(url, json=tasks, timeout=20).status_code == 200
