"""The child's side of executors/processes.py: serve one attempt after the other until the worker closes the pipe.

Handlers may print: their standard output is the worker's log, not the pipe.
"""

import asyncio
import inspect
import os
import threading
from collections.abc import Mapping
from typing import Any, BinaryIO

from taskmill.core.outcome import Outcome
from taskmill.core.task import Spec
from taskmill.executors.contract import Context, Handler, running
from taskmill.executors.frames import LENGTH, from_outcome, pack, unpack
from taskmill.executors.inline import Inline
from taskmill.executors.outcomes import raised, returned


class Pipe:
    """The two ends that lead to the worker, taken away from the handlers."""

    def __init__(self) -> None:
        self._in: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb")
        self._lock = threading.Lock()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)

    def send(self, *message: Any) -> None:
        with self._lock:
            self._out.write(pack(*message))
            self._out.flush()

    def receive(self) -> list[Any]:
        """The process ends when the worker is gone, whatever it is doing."""
        head = self._in.read(LENGTH.size)
        if len(head) < LENGTH.size:
            os._exit(0)
        return unpack(self._in.read(LENGTH.unpack(head)[0]))


def serve(pipe: Pipe, handlers: Mapping[str, Handler]) -> None:
    """Never returns. Messages are read in a thread, so that a request to stop is heard while a handler runs."""
    attempts = _Attempts(pipe, handlers)
    threading.Thread(target=attempts.listen, daemon=True).start()
    attempts.work()


class RemoteContext(Context):
    """Tells the worker, which keeps it."""

    __slots__ = ("_pipe",)

    def __init__(self, task: Spec, attempt: int, pipe: Pipe) -> None:
        super().__init__(task, attempt)
        self._pipe = pipe

    def _on_progress(self, fraction: float, note: str) -> None:
        self._pipe.send("progress", fraction, note)

    def _on_log(self, level: str, message: str) -> None:
        self._pipe.send("log", message, level)


class _Attempts:
    def __init__(self, pipe: Pipe, handlers: Mapping[str, Handler]) -> None:
        self._pipe = pipe
        self._handlers = handlers
        self._next = threading.Semaphore(0)
        self._waiting: list[tuple[Spec, int]] = []
        self._context: Context | None = None
        self._inline = Inline()
        self._loop = asyncio.new_event_loop()

    def listen(self) -> None:
        while True:
            kind, *values = self._pipe.receive()
            if kind == "run":
                self._waiting.append((Spec(*values[0]), values[1]))
                self._next.release()
            elif self._context is not None:
                self._context.request_stop()
                self._loop.call_soon_threadsafe(self._inline.request_stop, self._context)

    def work(self) -> None:
        asyncio.set_event_loop(self._loop)
        while True:
            self._next.acquire()
            spec, attempt = self._waiting.pop()
            outcome = self._perform(spec, attempt)
            self._context = None
            self._pipe.send(*from_outcome(outcome))

    def _perform(self, spec: Spec, attempt: int) -> Outcome:
        context = RemoteContext(spec, attempt, self._pipe)
        self._context = context
        running.set(context)
        handler = self._handlers[spec.task_type]
        if inspect.iscoroutinefunction(handler.fn):
            return self._loop.run_until_complete(self._inline.run(handler, spec, context))
        return self._call(handler, spec, context)

    def _call(self, handler: Handler, spec: Spec, context: Context) -> Outcome:
        try:
            args, named = handler.decode(spec.parameters)
            if handler.context_parameter:
                named[handler.context_parameter] = context
            return returned(handler, handler.fn(*args, **named))
        except BaseException as error:  # SystemExit too: it is the handler's failure, not the child's end
            return raised(error)
