"""The proxy, before a server that sends back what it gets."""

import contextlib
import gc
import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from tests.servers import PostgresServer, Proxy
from tests.servers.base import HOST
from tests.servers.postgres import execute

pytestmark = pytest.mark.slow


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            while data := self.request.recv(65536):
                self.request.sendall(data)


@pytest.fixture
def upstream() -> Iterator[str]:
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer((HOST, 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"echo://{HOST}:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(upstream: str) -> Iterator[Proxy]:
    with Proxy(upstream) as proxy:
        yield proxy


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), timeout=5)


def said_back(connection: socket.socket, data: bytes = b"hello") -> float:
    """Seconds there and back."""
    began = time.monotonic()
    sender = threading.Thread(target=connection.sendall, args=(data,))
    sender.start()
    got = b""
    while len(got) < len(data):
        got += connection.recv(65536)
    sender.join()
    assert got == data
    return time.monotonic() - began


def test_it_hands_on_every_byte_and_the_end(proxy: Proxy) -> None:
    with connect(proxy) as one, connect(proxy) as other:
        said_back(one, bytes(range(256)) * 20_000)
        said_back(other)
        one.shutdown(socket.SHUT_WR)
        assert one.recv(1) == b""
        said_back(other)


def test_cut_resets_what_is_open_and_refuses_what_comes(proxy: Proxy) -> None:
    with connect(proxy) as connection:
        said_back(connection)
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.pass_on()
    with connect(proxy) as connection:
        said_back(connection)


def test_slow_is_later_in_each_direction_and_no_narrower(proxy: Proxy) -> None:
    with connect(proxy) as connection:
        proxy.slow(100)
        assert said_back(connection) >= 0.2
        assert 0.2 <= said_back(connection, b"-" * 5_000_000) < 3
        proxy.pass_on()
        assert said_back(connection) < 0.2


def test_half_open_takes_everything_and_answers_nothing(proxy: Proxy) -> None:
    with connect(proxy) as before:
        said_back(before)
        proxy.half_open()
        with connect(proxy) as during:
            for connection in (before, during):
                connection.settimeout(0.1)
                connection.sendall(b"hello")
                with pytest.raises(TimeoutError):
                    connection.recv(1)
            proxy.pass_on()
            for connection in (before, during):
                with pytest.raises(ConnectionResetError):
                    connection.recv(1)
    with connect(proxy) as after:
        said_back(after)


def test_an_upstream_that_is_away_is_a_broken_connection() -> None:
    with Proxy(f"tcp://{HOST}:1") as nowhere, pytest.raises(ConnectionResetError), connect(nowhere) as connection:
        connection.recv(1)


def test_who_comes_in_while_it_closes_is_not_left_open(upstream: str) -> None:
    for _ in range(30):
        with Proxy(upstream) as proxy:
            connections = [connect(proxy) for _ in range(3)]
        for connection in connections:
            connection.close()
    gc.collect()  # warns of what was left open


def test_it_stands_before_a_server_by_its_url(postgres: PostgresServer) -> None:
    with Proxy(postgres.url) as proxy:
        assert proxy.url == postgres.url.replace(str(postgres.port), str(proxy.port))
        assert execute(proxy.url, "select 1") == [(1,)]
