"""A real HTTP server that plays what a test tells it, and keeps what it was asked."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import NamedTuple

import trustme


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


class Reply(NamedTuple):
    status: int = 200
    body: bytes | str = b""
    headers: Mapping[str, str] = MappingProxyType({})


Play = Reply | Callable[[BaseHTTPRequestHandler], None]
"""A reply, or what to do with the connection."""


class Player(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate: trustme.LeafCert | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.plays: dict[str, list[Play]] = {}
        """By path; the last one is played again and again."""
        self.asked: list[Asked] = []
        self.arrived = threading.Event()
        """Set once something was asked."""
        self.over = threading.Event()
        """Set at the end: what waits, waits for this."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.server_address[0]!s}:{self.server_address[1]}"

    def play(self, path: str, *plays: Play) -> str:
        """The URL at which these are played, one for each request."""
        self.plays[path] = list(plays)
        return self.url + path

    def handle_error(self, *_: object) -> None:
        """A client that went away is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Player

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, headers, body))
        self.server.arrived.set()
        plays = self.server.plays.get(self.path.partition("?")[0]) or [Reply(404, "nothing here")]
        play = plays.pop(0) if len(plays) > 1 else plays[0]
        if callable(play) and not isinstance(play, Reply):
            self.close_connection = True
            play(self)
            return
        self._reply(play)

    def _reply(self, reply: Reply) -> None:
        body = reply.body.encode() if isinstance(reply.body, str) else reply.body
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _any  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


@contextmanager
def playing(certificate: trustme.LeafCert | None = None) -> Iterator[Player]:
    player = Player(certificate)
    thread = threading.Thread(target=player.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield player
    finally:
        player.over.set()
        player.shutdown()
        player.server_close()
        thread.join()


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, for ever."""
    handler.send_response(200)
    handler.end_headers()
    player = handler.server
    assert isinstance(player, Player)
    while not player.over.wait(0.02):
        handler.wfile.write(b".")
