"""What every request passes before a face sees it, and every answer after: hosts, origins, headers that browsers heed.

A page elsewhere can make a browser send requests here (cross-site request forgery), and can make its own name point
here (DNS rebinding). So where there is no login, requests for unknown host names are refused; and always changes, and
sockets, that a page of another site asks for. Browsers tell by Sec-Fetch-Site and Origin; what sends neither is none,
and has to have a token of its own. As Go's http.CrossOriginProtection does it.
"""

from collections.abc import Awaitable, Callable, Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskmill.core.errors import TaskmillError

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
READING = frozenset({"GET", "HEAD", "OPTIONS"})
SAME_SITE = frozenset({b"same-origin", b"none"})
CSP = b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
HEADERS = (
    (b"content-security-policy", CSP),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")


class ForbiddenHost(TaskmillError):
    code = "forbidden_host"


class ForbiddenOrigin(TaskmillError):
    code = "forbidden_origin"


class Guard:
    """Stands before every face."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: Iterable[str] | None,
        origins: Iterable[str],
        refuse: Callable[[Send, TaskmillError], Awaitable[None]],
        *,
        secure: bool = False,
        base_path: str = "",
    ) -> None:
        """`refuse` answers a request that is not let in. `hosts`: None lets in all, where a login protects.

        `secure`: browsers shall come by HTTPS alone from now on.
        """
        self._app = app
        self._refuse = refuse
        self._hosts = None if hosts is None else frozenset(host.lower().encode() for host in (*LOOPBACK, *hosts))
        self._origins = frozenset(origin.encode() for origin in origins)
        self._headers = [*HEADERS, STRICT_TRANSPORT] if secure else [*HEADERS]
        self._base = base_path.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        below = bool(self._base) and scope["raw_path"].startswith(self._base + b"/")

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
                if below:
                    message["headers"] = [(name, self._below(name, value)) for name, value in message["headers"]]
            await send(message)

        refused = self._refused(scope)
        if refused is not None:
            await self._refuse(guarded, refused)
            return
        if below:
            path = scope["raw_path"].removeprefix(self._base)
            scope = {**scope, "raw_path": path, "path": path.decode("latin-1")}
        await self._app(scope, receive, guarded)

    def _below(self, name: bytes, value: bytes) -> bytes:
        """Where an answer points to."""
        if name == b"location" and value.startswith(b"/"):
            return self._base + value
        return value.replace(b"</", b"<" + self._base + b"/") if name == b"link" else value

    def _refused(self, scope: Scope) -> TaskmillError | None:
        host = origin = site = None
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.lower()
            elif name == b"origin":
                origin = value.lower()
            elif name == b"sec-fetch-site":
                site = value
        if self._hosts is not None and host is not None and _name(host) not in self._hosts:
            return ForbiddenHost(
                "the Host header names a host that this server does not answer for",
                hint="the operator may add it to the setting hosts",
            )
        if scope["type"] == "http" and scope["method"] in READING:
            return None
        if origin is None:
            return None if site is None or site in SAME_SITE else self._foreign()
        return None if self._welcome(origin, host) else self._foreign()

    def _foreign(self) -> ForbiddenOrigin:
        return ForbiddenOrigin("the Origin is neither this server nor one that the setting for CORS allows")

    def _welcome(self, origin: bytes, host: bytes | None) -> bool:
        return origin in self._origins or (host is not None and origin.partition(b"://")[2] == host)


def _name(host: bytes) -> bytes:
    """Without the port."""
    name, colon, port = host.rpartition(b":")
    return name if colon and port.isdigit() else host
