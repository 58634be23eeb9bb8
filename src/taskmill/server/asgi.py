"""The server process: the ASGI application, and uvicorn around it."""

import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from importlib.util import find_spec
from typing import Any, Literal, cast

import uvicorn
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from taskmill.config.server import ServerSettings, loopback
from taskmill.core.errors import InvalidSettings
from taskmill.core.extras import needs
from taskmill.sdk.backend import ConnectionSettings
from taskmill.server.certificate import Certificate
from taskmill.server.connections import ConnectionLimits, Connections, connections_allowed
from taskmill.server.guard import Guard
from taskmill.server.questions import answer_questions
from taskmill.server.rest import ROUTES
from taskmill.server.rest.http import Api, refuse
from taskmill.server.rest.openapi import openapi_route
from taskmill.service.access import Access
from taskmill.service.service import STREAMS, loop_service
from taskmill.service.streams import StreamSettings
from taskmill.service.task_types import shipped

log = logging.getLogger(__name__)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BACKLOG = 2048
LIMITS, SETTINGS = ConnectionLimits(), ServerSettings()
FEW = 1000
"""Connections."""
DRAIN = 5
"""Seconds that running requests get after SIGTERM."""


def create_asgi(access: Access, settings: ServerSettings = SETTINGS) -> ASGIApp:
    """The application on an open service."""
    app: Any = Api(access, (*ROUTES, openapi_route(ROUTES)))
    if settings.cors:
        app = CORSMiddleware(
            app,
            allow_origins=settings.cors,
            allow_methods=METHODS,
            allow_headers=("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"),
            expose_headers=("Location", "Retry-After"),
        )
    names = (*settings.hosts, settings.host)
    app = Guard(
        app,
        names if settings.is_local or settings.login == "never" else None,
        settings.cors,
        refuse,
        secure=settings.tls_certificate is not None,
        base_path=settings.base_path,
    )
    if settings.trusted_proxies:
        app = ProxyHeadersMiddleware(app, list(settings.trusted_proxies))
    return cast(ASGIApp, app)


def serve(
    connection: ConnectionSettings,
    settings: ServerSettings = SETTINGS,
    on_ready: Callable[[], None] | None = None,
    *,
    lifeline: int | None = None,
    disabled_types: frozenset[str] = frozenset(),
    event_loop: Literal["auto", "asyncio"] = "auto",
) -> None:
    """Serve until SIGTERM or SIGINT. `on_ready` is called once requests are taken.

    `lifeline`: a file descriptor; when its other end is closed, the server stops. `event_loop`: auto is uvloop where it
    is to be had.
    Raises InvalidSettings (a port in use, others can reach it and nobody can log in), StoreUnavailable, SchemaTooNew.
    """
    listener = listen(settings.host, settings.port)
    allowed = connections_allowed()
    if allowed < FEW:
        log.warning("the server takes %d connections at once: this process may open too few files (ulimit -n)", allowed)

    async def live() -> None:
        streams = StreamSettings(streams=min(STREAMS.streams, allowed // 2))
        service = loop_service(connection, disabled_types, streams)
        others_reach_it = settings.login == "auto" and not settings.is_local
        access = Access(service, login="always" if others_reach_it else settings.login)
        server = QuietServer(create_asgi(access, settings), ConnectionLimits(connections=allowed), settings)

        def stop() -> None:
            service.stop_waiting()
            server.stop()

        _call_on_signals(stop, lifeline)
        try:
            await service.open(shipped(disabled_types))
            await refuse_without_login(access, settings)
            stop_grpc = await start_grpc(access, settings)
            access.listen()
            keeping = asyncio.create_task(service.audit.keep(settings.audit_days))
            answer_questions(service)
            gc.freeze()
            if on_ready is not None:
                asyncio.get_running_loop().call_soon(on_ready)
            await server.serve([listener])
            keeping.cancel()
            await stop_grpc()
        finally:
            await access.close()
            await service.close()

    try:
        with asyncio.Runner(
            loop_factory=uvicorn.Config("", log_config=None, loop=event_loop).get_loop_factory()
        ) as runner:
            runner.run(live())
    finally:
        listener.close()


async def start_grpc(access: Access, settings: ServerSettings) -> Callable[[], Awaitable[None]]:
    """Returns how to stop it. Raises InvalidSettings when it is asked for and cannot be had."""
    if settings.grpc_port == 0:
        return _nothing
    if settings.grpc_port is None and find_spec("grpc") is None:
        return _nothing
    with needs("grpc", "gRPC"):
        from taskmill.server.grpc.serve import start
    return await start(access, settings, DRAIN)


async def _nothing() -> None: ...


async def refuse_without_login(access: Access, settings: ServerSettings) -> None:
    """Raises InvalidSettings where others can reach the server and nobody can log in."""
    if settings.is_local or settings.login == "never":
        return
    if not await access.service.accounts.any():
        raise InvalidSettings(
            f"others can reach {settings.host}, and nobody can log in: whoever finds this server could run tasks",
            hint="make a login first: `taskmill user add NAME --role admin` for people, `taskmill token create NAME "
            "--scope submit` for programs; or mean it with --no-login",
        )
    if settings.tls_certificate is None and not settings.trusted_proxies:
        log.warning("passwords and tokens come to %s in the clear: see tls_certificate, trusted_proxies", settings.host)


class QuietServer(uvicorn.Server):
    """uvicorn without its ten looks a second at whether to stop and what time it is: idle, it sleeps.

    `main_loop` and `capture_signals` are no public API of uvicorn: as of 0.54, `serve` calls both. A test
    (tests/faces/test_libraries.py) fails when that changes.
    """

    def __init__(self, app: ASGIApp, limits: ConnectionLimits = LIMITS, settings: ServerSettings = SETTINGS) -> None:
        """Raises InvalidSettings for a certificate that cannot be used."""
        config = uvicorn.Config(
            app,
            http=Connections(limits).protocol(),  # type: ignore[arg-type]  # anything that makes a protocol
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=DRAIN,
        )
        super().__init__(config)
        self._stopped = asyncio.Event()
        self._certificate: Certificate | None = None
        if settings.tls_certificate is not None:
            self._certificate = Certificate(settings.tls_certificate, settings.tls_key)
            config.load()
            config.ssl = self._certificate.context

    def stop(self) -> None:
        """Answer what is being asked, then end."""
        self.should_exit = True
        self._stopped.set()

    async def main_loop(self) -> None:
        renewing = asyncio.create_task(self._certificate.renew()) if self._certificate else None
        await self._stopped.wait()
        if renewing is not None:
            renewing.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """`serve` of this module has set the handlers of signals."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises InvalidSettings: not an address, not a port, in use, not allowed."""
    address = loopback(host) or host.strip("[]")
    if not 0 <= port <= 65_535:
        raise InvalidSettings(f"{port} is not a port: ports are 0 to 65535")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listener = socket.create_server((address, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = "stop the program that has it, or choose another with --port"
            raise InvalidSettings(f"port {port} on {host} is in use", hint=hint) from None
        raise InvalidSettings(f"cannot listen on {host}, port {port}: {error.strerror or error}") from None
    # Connections inherit it. asyncio's own loop leaves it off on sockets made this way, at 40 ms a reply.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _call_on_signals(stop: Callable[[], None], lifeline: int | None) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGINT, stop)
    if lifeline is not None:
        loop.add_reader(lifeline, _call_at_end, lifeline, stop)


def _call_at_end(lifeline: int, stop: Callable[[], None]) -> None:
    if not os.read(lifeline, 1):
        asyncio.get_running_loop().remove_reader(lifeline)
        stop()
