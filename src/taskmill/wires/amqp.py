"""A connection to RabbitMQ that comes back by itself, with back-off, and notices when nobody is at the other end."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

from taskmill.core.locations import Location, locate
from taskmill.wires.availability import Availability
from taskmill.wires.pika_internals import CoalescedWrites, abort

PORTS = {"amqp": 5672, "amqps": 5671}
RACE = "INTERNAL_ERROR"
"""What RabbitMQ 3 says when two make the same quorum queue in the same moment; it works a moment later."""
Connection = Any
Channel = Any
"""Of pika, which has no types of its own."""

# pika logs with tracebacks each time that a server cannot be reached. What matters of that comes back as an error.
logging.getLogger("pika").setLevel(logging.CRITICAL)


@dataclass(frozen=True, kw_only=True)
class AmqpTimings:
    """All in seconds."""

    connect: float = 3.0
    """For TCP; one second more for TLS and AMQP."""
    heartbeat: int = 8
    """Each side tells twice as often that it lives."""
    silence: float = 6.0
    """In so many, RabbitMQ sends something at least once; else it is taken for gone. Less than a heartbeat."""
    answer: float = 4.0
    """For what is published or asked in one call."""
    close: float = 1.0
    """For the good-bye of a connection."""
    first_retry: float = 0.1
    longest_retry: float = 2.0
    """Between attempts to connect; it doubles each time."""
    reopen: float = 1.0
    """After RabbitMQ closed a channel to say no."""
    first_resend: float = 0.1
    """After which a message that was not kept is sent again; it doubles each time. When a queue was
    deleted, its consumers must know before there is another of that name: afterwards RabbitMQ does not say so."""


AMQP_TIMINGS = AmqpTimings()


def locate_rabbitmq(url: str) -> Location:
    """From `amqp://user:password@host:5672/vhost`; without a vhost it is `/`. Raises InvalidSettings."""
    scheme = url.partition("://")[0]
    location = locate(url, PORTS[scheme], tls=scheme == "amqps")
    return location._replace(path=location.path or "/")


def parameters(location: Location, name: str, timings: AmqpTimings = AMQP_TIMINGS) -> pika.ConnectionParameters:
    """`name` is shown in RabbitMQ's list of connections. Raises InvalidSettings."""
    context = location.tls_context()
    return pika.ConnectionParameters(
        host=location.host,
        port=location.port,
        virtual_host=location.path,
        credentials=pika.PlainCredentials(location.user or "guest", location.password or "guest"),
        heartbeat=timings.heartbeat,
        socket_timeout=timings.connect,
        stack_timeout=timings.connect + 1,
        ssl_options=context and pika.SSLOptions(context, location.host),
        client_properties={"connection_name": name},
    )


class Link:
    """`up` is called with each connection, `down` with the reason when it is lost, and when none can be had."""

    def __init__(
        self,
        parameters: pika.ConnectionParameters,
        availability: Availability,
        up: Callable[[Connection], None],
        down: Callable[[str], None],
        timings: AmqpTimings = AMQP_TIMINGS,
    ) -> None:
        self._parameters = parameters
        self._availability = availability
        self._up = up
        self._down = down
        self._timings = timings
        self.why: str | None = None
        """Why there is no connection; None before the first attempt ended."""
        self.connection: Connection = None
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, in the background. Once is enough."""
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep())

    async def close(self) -> None:
        self.why = "closed"
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])

    def abort(self) -> None:
        """The other end does not answer: connect anew."""
        if self.connection is not None and self.connection.is_open:
            abort(self.connection, TimeoutError("it does not answer"))

    async def _keep(self) -> None:
        pause = self._timings.first_retry
        while True:
            begin = time.monotonic()
            try:
                async with _connected(self._parameters, self._timings.close) as (connection, lost):
                    self.why = reason(await self._use(connection, lost))
            except (OSError, pika.exceptions.AMQPError) as error:
                self.why = reason(error)
            if time.monotonic() - begin > self._timings.longest_retry:
                pause = self._timings.first_retry
            if pause > self._timings.first_retry or self.why != RACE:
                self._availability.away(self.why)
            self._down(self.why)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(self._timings.longest_retry, 2 * pause)

    async def _use(self, connection: Connection, lost: "asyncio.Future[object]") -> object:
        """Returns why it was lost."""
        self.connection, self.why = connection, None
        try:
            self._availability.back()
            self._up(connection)
            while not lost.done():
                received = connection.bytes_received
                await asyncio.wait([lost], timeout=self._timings.silence)
                if connection.bytes_received == received:
                    self.abort()
            return lost.result()
        finally:
            self.connection = None


@asynccontextmanager
async def _connected(
    parameters: pika.ConnectionParameters, close_seconds: float
) -> "AsyncIterator[tuple[Connection, asyncio.Future[object]]]":
    """An open connection, and the reason of its end. It is closed at the end of the block."""
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[None] = loop.create_future()
    lost: asyncio.Future[object] = loop.create_future()

    def end(_: Connection, why: Exception) -> None:
        if not opened.done():
            opened.set_exception(ConnectionError(reason(why)))  # pika's errors have no common base
        if not lost.done():
            lost.set_result(why)

    def begin(_: Connection) -> None:
        services.connected = True
        if not opened.done():
            opened.set_result(None)

    services = CoalescedWrites()
    connection = AsyncioConnection(parameters, begin, end, end, services)
    try:
        await opened
        yield connection, lost
    finally:
        if connection.is_open:
            connection.close()
            await asyncio.wait([lost], timeout=close_seconds)
        if not lost.done():
            abort(connection, ConnectionAbortedError("closed"))
            await asyncio.wait([lost], timeout=close_seconds)


def reason(error: object) -> str:
    """pika wraps what went wrong, several times."""
    while isinstance(error, BaseException):
        inner = getattr(error, "exceptions", None) or getattr(error, "exception", None) or error.args[:1]
        inner = inner[-1] if isinstance(inner, list | tuple) and inner else inner
        if not isinstance(inner, BaseException):
            break
        error = inner
    if isinstance(error, pika.exceptions.ConnectionClosed | pika.exceptions.ChannelClosed):
        return str(error.reply_text)
    return str(error) or type(error).__name__
