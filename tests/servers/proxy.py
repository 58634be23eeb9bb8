"""A TCP proxy that can behave like a bad network. It runs in a thread of its own, for tests of any kind."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from tests.servers.base import HOST, free_port

Mode = Literal["pass", "cut", "slow", "half_open"]
CHUNK = 65536


class Proxy:
    """`url` leads to `upstream` through the proxy; any URL with a host and a port will do.

    As a context manager, or `start()` and `close()`. The mode can be changed at any time, from any thread; it holds
    for connections that are open as well.
    """

    def __init__(self, upstream: str) -> None:
        self.lead_to(upstream)
        parts = urlsplit(upstream)
        self.port = free_port()
        user, at, _ = parts.netloc.rpartition("@")
        self.url = parts._replace(netloc=f"{user}{at}{HOST}:{self.port}").geturl()
        self._mode: Mode = "pass"
        self._delay = 0.0
        self._listener: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], set[asyncio.StreamWriter]] = {}

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self.pass_on()

    def lead_to(self, upstream: str) -> None:
        """New connections; those that are open go on where they are."""
        parts = urlsplit(upstream)
        self._upstream = (str(parts.hostname), parts.port)

    def pass_on(self) -> None:
        """As if it were not there."""
        self._call(self._change("pass", 0.0))

    def cut(self) -> None:
        """Every connection is reset, new ones are refused."""
        self._call(self._change("cut", 0.0))

    def slow(self, milliseconds: float) -> None:
        """Every byte arrives so much later, in each direction; as many bytes per second as before."""
        self._call(self._change("slow", milliseconds / 1000))

    def half_open(self) -> None:
        """It accepts and reads, hands nothing on and answers nothing. Its connections are reset when this mode ends."""
        self._call(self._change("half_open", 0.0))

    def close(self) -> None:
        self._call(self._wind_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _change(self, mode: Mode, delay: float) -> None:
        left, self._mode, self._delay = self._mode, mode, delay
        if mode == "cut" or (left == "half_open" and mode != "half_open"):
            await self._end_all()
        if mode == "cut" and self._listener is not None:
            await self._close_door(self._listener)
            self._listener = None
        elif mode != "cut" and self._listener is None:
            self._listener = await asyncio.start_server(self._serve, HOST, self.port)

    async def _close_door(self, listener: asyncio.Server) -> None:
        """Who has come in just now is let in first: asyncio would forget him, with his socket open."""
        for door in listener.sockets:
            self._loop.remove_reader(door.fileno())
        await asyncio.sleep(0)
        listener.close()

    async def _wind_up(self) -> None:
        """Those that were accepted a moment ago end as well."""
        await self._change("cut", 0.0)
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)
        await asyncio.sleep(0)  # what was closed is let go a turn later

    async def _end_all(self) -> None:
        connections = dict(self._open)
        for task, writers in connections.items():
            _reset(writers)
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = {writer}
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await self._join(reader, writer, self._open[task])
        except* OSError:
            _reset(self._open[task])
        finally:
            for each in self._open.pop(task):
                each.close()

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opened: set[asyncio.StreamWriter]
    ) -> None:
        """Carry until both sides are done, or one breaks."""
        if self._mode == "cut":
            return
        if self._mode == "half_open":
            while await reader.read(CHUNK):
                pass
            return
        there, back = await asyncio.open_connection(*self._upstream)
        opened.add(back)
        async with asyncio.TaskGroup() as ways:
            for source, target in ((reader, back), (there, writer)):
                line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1000)
                ways.create_task(self._take(source, line))
                ways.create_task(self._deliver(line, target))

    async def _take(self, source: asyncio.StreamReader, line: "asyncio.Queue[tuple[float, bytes]]") -> None:
        chunk = b"-"
        while chunk:
            chunk = await source.read(CHUNK)
            await line.put((self._loop.time() + self._delay, chunk))

    async def _deliver(self, line: "asyncio.Queue[tuple[float, bytes]]", target: asyncio.StreamWriter) -> None:
        """Each chunk when it is due; an empty one is the end, which the target hears of."""
        while True:
            due, chunk = await line.get()
            await asyncio.sleep(due - self._loop.time())
            if self._mode == "half_open":
                continue
            if not chunk:
                target.write_eof()
                return
            target.write(chunk)
            await target.drain()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _reset(writers: set[asyncio.StreamWriter]) -> None:
    """RST in place of an orderly end."""
    for writer in writers:
        with contextlib.suppress(OSError):  # the other side was faster
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
