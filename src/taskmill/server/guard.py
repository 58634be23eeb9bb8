"""Who may reach a server without a login: programs of this machine, and none of the web pages that its user has open.

It binds the loopback alone. A page elsewhere can make a browser send requests here (cross-site request forgery), and
can make its own name point here (DNS rebinding). Requests for unknown host names are refused, and so are changes with
a foreign Origin.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from taskmill.core.errors import InvalidSettings, TaskmillError

if TYPE_CHECKING:  # the command line only asks for `loopback`
    from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
READING = frozenset({"GET", "HEAD"})


def loopback(host: str) -> str:
    """The address to bind for a host of the settings. Raises InvalidSettings for one that others can reach."""
    name = host.strip("[]")
    try:
        if name == "localhost" or ipaddress.ip_address(name).is_loopback:
            return "127.0.0.1" if name == "localhost" else name
    except ValueError:
        pass
    raise InvalidSettings(
        f"cannot listen on {host!r}: there is no login yet, so anyone who reaches this server could run tasks",
        hint="bind 127.0.0.1, and put a proxy with a login in front of it",
    )


class ForbiddenHost(TaskmillError):
    code = "forbidden_host"


class ForbiddenOrigin(TaskmillError):
    code = "forbidden_origin"


class Guard:
    """Stands before every face."""

    def __init__(
        self,
        app: "ASGIApp",
        hosts: Iterable[str],
        origins: Iterable[str],
        refuse: "Callable[[Send, TaskmillError], Awaitable[None]]",
    ) -> None:
        """`refuse` answers a request that is not let in."""
        self._app = app
        self._refuse = refuse
        self._hosts = frozenset(host.lower().encode() for host in (*LOOPBACK, *hosts))
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        refused = self._refused(scope)
        if refused is None:
            await self._app(scope, receive, send)
        else:
            await self._refuse(send, refused)

    def _refused(self, scope: "Scope") -> TaskmillError | None:
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
