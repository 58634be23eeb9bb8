"""From `redis://user:password@host:6379/0` to a client. Without a number it is database 0."""

from typing import Any

import redis.asyncio as client
from redis.asyncio.connection import Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from taskmill.core.errors import BrokerUnavailable, InvalidSettings
from taskmill.core.locations import Location, locate

PORT = 6379
CONNECT = 2.0
ANSWER = 3.0
"""Seconds until an answer must be there."""
CONNECTIONS = 8
FAILURES = (RedisError, OSError, TimeoutError)
HINTS = {
    "maxmemory": "it has reached its maxmemory: raise that, or free memory there",
    "password": "check user and password in the URL",
    "Authentication required": "the URL needs a password: redis://:password@host:6379/0",
    "permission": "the user needs the commands of streams and scripts on keys taskmill:*",
    "DB index": "the number behind the host names a database that this server does not have",
    "certificate": "?cafile=… in the URL names the certificate to trust",
}
ELSE = "is it running, and can this host reach it? Tasks are stored and run all the same"


def locate_redis(url: str) -> Location:
    """Raises InvalidSettings."""
    location = locate(url, PORT, tls=url.startswith("rediss:"))
    if location.path and not location.path.isdigit():
        raise InvalidSettings(
            f"{location.path!r} behind the host is no number of a database", hint="like redis://localhost:6379/0"
        )
    location.tls_context()
    return location._replace(path=location.path or "0")


def connect(location: Location, answer: float = ANSWER) -> client.Redis:
    """It connects with the first command."""
    pool = client.BlockingConnectionPool(
        connection_class=Connection if location.tls is None else SSLConnection,
        max_connections=CONNECTIONS,
        timeout=ANSWER,
        host=location.host,
        port=location.port,
        db=int(location.path),
        username=location.user,
        password=location.password,
        socket_connect_timeout=CONNECT,
        socket_timeout=answer,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        client_name="taskmill",
        **_tls(location.tls),
    )
    return client.Redis.from_pool(pool)


def unavailable(place: str, error: BaseException) -> BrokerUnavailable:
    why = reason(error)
    hint = next((hint for part, hint in HINTS.items() if part in why), ELSE)
    return BrokerUnavailable(f"the broker {place} takes nothing: {why}", hint=hint)


def reason(error: BaseException) -> str:
    return str(error).rpartition("caused error: ")[2] or "it does not answer"


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
