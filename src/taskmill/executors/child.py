"""The child's side of executors/processes.py: serve one attempt after the other until the worker closes the pipe.

Handlers may print: their standard output is the worker's log, not the pipe.
"""

import asyncio
import contextlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any, BinaryIO

from taskmill.core.outcome import Outcome, Stopped
from taskmill.core.task import Spec
from taskmill.executors.call import is_async, perform, raised
from taskmill.executors.contract import LOG_LINES, Context, Handler
from taskmill.executors.frames import LENGTH, from_outcome, pack, unpack
from taskmill.executors.inline import Inline
from taskmill.executors.variables import Variables


class Pipe:
    """The two ends that lead to the worker, taken away from the handlers."""

    def __init__(self) -> None:
        self._in: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb")
        self._lock = threading.Lock()
        self._pid = os.getpid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)

    @property
    def descriptors(self) -> set[int]:
        return {self._in.fileno(), self._out.fileno()}

    @property
    def is_ours(self) -> bool:
        """Whether this is no copy of the process, which a handler forked."""
        return os.getpid() == self._pid

    def send(self, *message: Any) -> None:
        """What a copy has to say goes nowhere."""
        if not self.is_ours:
            return
        with self._lock:
            self._out.write(pack(*message))
            self._out.flush()

    def receive(self) -> list[Any] | None:
        """None when the worker is gone."""
        head = self._in.read(LENGTH.size)
        return unpack(self._in.read(LENGTH.unpack(head)[0])) if len(head) == LENGTH.size else None


def serve(pipe: Pipe, handlers: Mapping[str, Handler], loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Never returns. Messages are read in a thread, so that a request to stop is heard while a handler runs.

    `loop`: for `async def` handlers; a new one unless it is given.
    """
    attempts = _Attempts(pipe, handlers, loop or asyncio.new_event_loop())
    threading.Thread(target=attempts.listen, daemon=True).start()
    attempts.work()


class RemoteContext(Context):
    """Tells the worker, which keeps it."""

    __slots__ = ("_lines", "_pipe")

    def __init__(self, task: Spec, attempt: int, pipe: Pipe) -> None:
        super().__init__(task, attempt)
        self._pipe = pipe
        self._lines = 0

    def give_up(self) -> None:
        _end_all()

    def _on_progress(self, fraction: float, note: str) -> None:
        self._pipe.send("progress", fraction, note)

    def _on_log(self, level: str, message: str) -> None:
        self._lines += 1
        if self._lines <= LOG_LINES:  # more are not kept anyway
            self._pipe.send("log", message, level)


class _Attempts:
    def __init__(self, pipe: Pipe, handlers: Mapping[str, Handler], loop: asyncio.AbstractEventLoop) -> None:
        self._pipe = pipe
        self._handlers = handlers
        self._next: queue.SimpleQueue[RemoteContext] = queue.SimpleQueue()
        self._context: RemoteContext | None = None
        """Of the attempt that runs or is about to."""
        self._inline = Inline()
        self._variables = Variables()
        self._loop = loop

    def listen(self) -> None:
        while message := self._pipe.receive():
            kind, *values = message
            if kind == "run":
                self._context = RemoteContext(Spec(*values[0]), values[1], self._pipe)
                self._next.put(self._context)
            elif self._context is not None:
                self._context.request_stop()
                self._loop.call_soon_threadsafe(self._inline.request_stop, self._context)
        self._leave()

    def _leave(self) -> None:
        """The worker is gone: end, whatever a handler is doing, and with what it started."""
        if self._context is not None:
            _end_all()
        os._exit(0)

    def work(self) -> None:
        asyncio.set_event_loop(self._loop)
        while True:
            context = self._next.get()
            self._pipe.send("began")
            outcome = self._perform(context)
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):  # a handler may have put anything there
                    stream.flush()
            if not self._pipe.is_ours:
                os._exit(0)  # the handler forked, and the copy has come back from it as well
            self._context = None
            self._pipe.send(*from_outcome(outcome))

    def _perform(self, context: RemoteContext) -> Outcome:
        try:
            handler = self._handlers[context.task.task_type]
            if is_async(handler.fn):
                return self._loop.run_until_complete(self._on_loop(handler, context))
            return self._variables.fresh().run(perform, handler, context)
        except BaseException as error:  # SystemExit too: it is the handler's failure, not the child's end
            return raised(error)

    async def _on_loop(self, handler: Handler, context: RemoteContext) -> Outcome:
        return Stopped() if context.cancelled else await self._inline.run(handler, context)


def _end_all() -> None:
    """This process, and with it what its handler started."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
