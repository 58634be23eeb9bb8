"""From `redis://user:password@host:6379/0` to a client. Without a number it is database 0."""

import asyncio
import contextlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from taskmill.core.errors import InvalidSettings
from taskmill.core.locations import Location, locate
from taskmill.wires.availability import NO_PRIMARY

PORT = 6379
FAILURES = (RedisError, OSError)
"""What a command raises; OSError includes TimeoutError."""
CANCEL_AGAIN_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class RedisLimits:
    connect_seconds: float = 2.0
    answer_seconds: float | None = 3.0
    """For one read or write. None: whoever uses the client limits what it awaits."""
    free_connection_seconds: float = 3.0
    connections: int = 8


def locate_redis(url: str) -> Location:
    """Raises InvalidSettings."""
    location = locate(url, PORT, tls=url.startswith("rediss:"))
    if location.path and not location.path.isdigit():
        raise InvalidSettings(
            f"{location.path!r} is no database of Redis", hint="they are numbers: redis://host:6379/0"
        )
    location.tls_context()  # says what is wrong with a file
    return location._replace(path=str(int(location.path or 0)))


def connect(location: Location, limits: RedisLimits = RedisLimits()) -> Redis:
    """It connects with the first command, and fails at once instead of trying again by itself."""
    pool = BlockingConnectionPool(
        connection_class=Connection if location.tls is None else SSLConnection,
        max_connections=limits.connections,
        timeout=limits.free_connection_seconds,
        host=location.host,
        port=location.port,
        db=int(location.path),
        username=location.user,
        password=location.password,
        socket_connect_timeout=limits.connect_seconds,
        socket_timeout=limits.answer_seconds,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        client_name="taskmill",
        **_tls(location.tls),
    )
    return Redis.from_pool(pool)


async def leave_replica(error: BaseException, *clients: Redis) -> bool:
    """If the server said that it is no primary, close what stands to it: new connections may lead to another."""
    is_replica = any(words in str(error) for words in NO_PRIMARY)
    for client in clients if is_replica else ():
        with contextlib.suppress(*FAILURES):
            await client.connection_pool.disconnect(inuse_connections=False)
    return is_replica


def reason(error: BaseException) -> str:
    """A pipeline puts the command before what Redis said, and sometimes makes a tuple of that."""
    said = str(error).rpartition("caused error: ")[2]
    return re.sub(r"""^\(["'](.*)["'],\)$""", r"\1", said) or "it does not answer"


async def cancel_and_wait(*tasks: "asyncio.Task[Any]") -> None:
    """Cancels what talks to Redis until it has ended: in rare moments redis-py swallows a cancellation."""
    left: Collection[asyncio.Task[Any]] = tasks
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_SECONDS)


def _tls(options: dict[str, str] | None) -> dict[str, Any]:
    if options is None:
        return {}
    verified = options.get("verify") != "no"
    return {
        "ssl_ca_certs": options.get("cafile"),
        "ssl_certfile": options.get("certfile"),
        "ssl_keyfile": options.get("keyfile"),
        "ssl_cert_reqs": "required" if verified else "none",
        "ssl_check_hostname": verified,
    }
