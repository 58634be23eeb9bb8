"""A server that stops ends its streams, also those whose clients do not read."""

import signal
import socket
import time

from tests.faces.events import stream
from tests.faces.test_serve import SLOW, Server, server

__all__ = ["server"]


def test_streams_end_with_the_server(server: Server) -> None:
    id = server.http.post("/api/tasks", json=SLOW).json()["id"]
    url = server.http.base_url
    deaf = socket.create_connection((url.host, url.port))
    deaf.sendall(f"GET /api/tasks/{id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    with stream(server.http, f"/api/tasks/{id}/events") as one, stream(server.http, "/api/events") as many:
        assert next(one).data["state"] == "ready"
        begin = time.monotonic()
        code, errors = server.stop(signal.SIGTERM)
        assert (code, errors) == (0, "")
        assert time.monotonic() - begin < 4
        assert (list(one), list(many)) == ([], [])
    deaf.close()
