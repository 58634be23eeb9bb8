"""The gRPC server, on the event loop of the server process.

grpc.aio has one poller for a process, which wakes one loop: nothing else in this process may use it on another.
"""

import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from taskmill.config.server import ServerSettings, loopback
from taskmill.core.errors import InvalidSettings
from taskmill.rpc import taskqueue_pb2, taskqueue_pb2_grpc, tasks_pb2, tasks_pb2_grpc
from taskmill.server.grpc.taskqueue import TaskQueue
from taskmill.server.grpc.tasks import TaskService
from taskmill.service.access import Access

log = logging.getLogger(__name__)
PORT = 50_051
MESSAGE = 32 * 2**20
"""Bytes of one message."""
AT_ONCE = 2_000
"""Calls."""
OPTIONS = (
    ("grpc.so_reuseport", 0),  # else a second server would share the port without a word
    ("grpc.max_receive_message_length", MESSAGE),
    ("grpc.max_send_message_length", 2 * MESSAGE),
    ("grpc.max_metadata_size", 65_536),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)
NAMES = (
    tasks_pb2.DESCRIPTOR.services_by_name["TaskService"].full_name,
    taskqueue_pb2.DESCRIPTOR.services_by_name["TaskQueue"].full_name,
)


class Health(health.aio.HealthServicer):  # type: ignore[misc]  # it has no types
    """Serving, as long as tasks can be stored."""

    def __init__(self, access: Access) -> None:
        super().__init__()
        self._access = access

    async def Check(self, request: Any, context: Any) -> Any:
        if request.service not in ("", *NAMES):
            return await super().Check(request, context)
        ready = await self._access.for_nobody.readiness()
        serving = health_pb2.HealthCheckResponse.ServingStatus
        return health_pb2.HealthCheckResponse(status=serving.SERVING if ready.can_store else serving.NOT_SERVING)


async def start(access: Access, settings: ServerSettings, drain: float) -> Callable[[], Awaitable[None]]:
    """Returns how to stop it: running calls get `drain` seconds. Raises InvalidSettings."""
    server = grpc.aio.server(options=OPTIONS, maximum_concurrent_rpcs=AT_ONCE)
    tasks_pb2_grpc.add_TaskServiceServicer_to_server(TaskService(access), server)  # type: ignore[no-untyped-call]
    taskqueue_pb2_grpc.add_TaskQueueServicer_to_server(TaskQueue(access), server)  # type: ignore[no-untyped-call]
    checks = Health(access)
    for name in ("", *NAMES):
        await checks.set(name, health_pb2.HealthCheckResponse.ServingStatus.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    reflection.enable_server_reflection((*NAMES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    address = _address(settings)
    if settings.grpc_port is None and not _is_free(settings.host):  # grpc itself would complain of it on stderr
        log.debug("port %d is in use, so this server speaks no gRPC: see grpc_port", PORT)
        return _nothing
    try:
        if settings.tls_certificate is None:
            server.add_insecure_port(address)
        else:
            server.add_secure_port(address, _tls(settings.tls_certificate, settings.tls_key))
    except RuntimeError:
        hint = "stop the program that has it, or choose another with --grpc-port"
        raise InvalidSettings(f"cannot listen on {address} for gRPC", hint=hint) from None
    await server.start()
    log.log(logging.DEBUG if settings.grpc_port is None else logging.INFO, "gRPC on %s", address)

    async def stop() -> None:
        await server.stop(drain)

    return stop


async def _nothing() -> None: ...


def _is_free(host: str) -> bool:
    name = loopback(host) or host.strip("[]")
    try:
        socket.create_server((name, PORT), family=socket.AF_INET6 if ":" in name else socket.AF_INET).close()
    except OSError:
        return False
    return True


def _address(settings: ServerSettings) -> str:
    host = loopback(settings.host) or settings.host.strip("[]")
    return f"{f'[{host}]' if ':' in host else host}:{PORT if settings.grpc_port is None else settings.grpc_port}"


def _tls(certificate: str, key: str | None) -> grpc.ServerCredentials:
    """The files are read anew when they have changed."""

    def read() -> grpc.ServerCertificateConfiguration:
        chain = Path(certificate).read_bytes()
        return grpc.ssl_server_certificate_configuration([(Path(key).read_bytes() if key else chain, chain)])

    return grpc.dynamic_ssl_server_credentials(read(), read, require_client_authentication=False)
