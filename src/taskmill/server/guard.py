"""What protects a server without login from web pages that the user of this machine happens to have open.

A page elsewhere can make a browser send requests here (cross-site request forgery), and can make its own name point
here (DNS rebinding). Requests for unknown host names are refused, and so are changes with a foreign Origin.
"""

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from taskmill.core.errors import TaskmillError
from taskmill.server.web import answer, refusal
from taskmill.service.faults import ForbiddenHost, ForbiddenOrigin

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
READING = frozenset({"GET", "HEAD"})


class Guard:
    def __init__(self, app: ASGIApp, hosts: Iterable[str], origins: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower().encode() for host in (*LOOPBACK, *hosts))
        self._origins = frozenset(origin.lower().rstrip("/").encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refused(scope)
        if refused is None:
            await self._app(scope, receive, send)
        else:
            await answer(send, refusal(refused))

    def _refused(self, scope: Scope) -> TaskmillError | None:
        host = origin = None
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.lower()
            elif name == b"origin":
                origin = value.lower()
        if host is not None and _name(host) not in self._hosts:
            return ForbiddenHost("the Host header names a host that this server does not answer for")
        if origin is None or scope["method"] in READING or self._welcome(origin, host):
            return None
        return ForbiddenOrigin("the Origin is neither this server nor one that the setting for CORS allows")

    def _welcome(self, origin: bytes, host: bytes | None) -> bool:
        return origin in self._origins or (host is not None and origin.partition(b"://")[2] == host)


def _name(host: bytes) -> bytes:
    """Without the port."""
    name, colon, port = host.rpartition(b":")
    return name if colon and port.isdigit() else host
