"""A connection to RabbitMQ that comes back by itself, with back-off, and notices when nobody is at the other end."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

from taskmill.wires.amqp_address import HEARTBEAT
from taskmill.wires.amqp_socket import Services
from taskmill.wires.availability import Availability

FIRST_REST = 0.1
LONGEST_REST = 2.0
"""Seconds between attempts to connect."""
RACE = "INTERNAL_ERROR"
"""What RabbitMQ 3 says when two make the same quorum queue in the same moment; it works a moment later."""
SILENCE = HEARTBEAT * 3 / 4
"""Seconds; in so many, RabbitMQ is heard at least once."""
FAREWELL = 1.0
"""Seconds for the good-bye of a connection."""
Connection = Any
Channel = Any
"""Of pika, which has no types of its own."""


class Link:
    """`up` is called with each connection, `down` with the reason when it is lost, and when none can be had."""

    def __init__(
        self,
        parameters: pika.ConnectionParameters,
        availability: Availability,
        up: Callable[[Connection], None],
        down: Callable[[str], None],
    ) -> None:
        self._parameters = parameters
        self._availability = availability
        self._up = up
        self._down = down
        self.why: str | None = None
        """Why there is no connection; None before the first attempt ended."""
        self._connection: Connection = None
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, in the background. Once is enough."""
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep())

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])

    def abort(self) -> None:
        """The other end does not answer: connect anew."""
        if self._connection is not None and self._connection.is_open:
            _abort(self._connection, TimeoutError("it does not answer"))

    async def _keep(self) -> None:
        rest = FIRST_REST
        while True:
            begin = time.monotonic()
            try:
                async with _connected(self._parameters) as (connection, lost):
                    self.why = reason(await self._use(connection, lost))
            except (OSError, pika.exceptions.AMQPError) as error:
                self.why = reason(error)
            if time.monotonic() - begin > LONGEST_REST:
                rest = FIRST_REST
            if rest > FIRST_REST or self.why != RACE:
                self._availability.away(self.why)
            self._down(self.why)
            await asyncio.sleep(rest * random.uniform(0.5, 1.0))
            rest = min(LONGEST_REST, 2 * rest)

    async def _use(self, connection: Connection, lost: "asyncio.Future[object]") -> object:
        """Returns why it was lost."""
        self._connection, self.why = connection, None
        try:
            self._availability.back()
            self._up(connection)
            while not lost.done():
                heard = connection.bytes_received
                await asyncio.wait([lost], timeout=SILENCE)
                if connection.bytes_received == heard:
                    self.abort()
            return lost.result()
        finally:
            self._connection = None


@asynccontextmanager
async def _connected(
    parameters: pika.ConnectionParameters,
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

    services = Services()
    connection = AsyncioConnection(parameters, begin, end, end, services)
    try:
        await opened
        yield connection, lost
    finally:
        await _disconnect(connection, lost)


async def _disconnect(connection: Connection, lost: "asyncio.Future[object]") -> None:
    if connection.is_open:
        connection.close()
        await asyncio.wait([lost], timeout=FAREWELL)
    if not lost.done():
        _abort(connection, ConnectionAbortedError("closed"))
        await asyncio.wait([lost], timeout=FAREWELL)


def _abort(connection: Connection, why: Exception) -> None:
    """At once; its public `close()` would wait for an answer. Its heartbeat ends it in the same way."""
    connection._terminate_stream(why)


def reason(error: object) -> str:
    """pika wraps what went wrong, several times."""
    while isinstance(error, BaseException):
        inner = getattr(error, "exceptions", None) or getattr(error, "exception", None) or error.args[:1]
        inner = inner[-1] if isinstance(inner, list | tuple) and inner else inner
        if not isinstance(inner, BaseException):
            break
        error = inner
    return _text(error)


def _text(error: object) -> str:
    if isinstance(error, pika.exceptions.ConnectionClosed | pika.exceptions.ChannelClosed):
        return str(error.reply_text)
    return str(error) or type(error).__name__
