"""`def` handlers, each attempt in a thread of a pool.

A thread cannot be killed. To end an attempt an exception is set in its thread (PyThreadState_SetAsyncExc),
which Python code notices at its next step; a call that blocks in C notices when it returns.
"""

import asyncio
import contextlib
import contextvars
import ctypes
import os
import threading

from taskmill.core.outcome import Outcome
from taskmill.core.task import Spec
from taskmill.executors.contract import Context, Handler, StopRequested
from taskmill.executors.outcomes import raised, returned
from taskmill.executors.pool import Pool

PATIENCE = 1.0
"""Seconds to wait for an ended attempt before its thread is left alone."""


class _Call:
    """One attempt in its thread; knows when an exception may be set there."""

    def __init__(self, handler: Handler, spec: Spec, context: Context) -> None:
        self._handler, self._spec, self._context = handler, spec, context
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._ended = False
        self._pid = os.getpid()
        self._inside = contextvars.copy_context()
        self._loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[Outcome] = self._loop.create_future()

    def __call__(self) -> None:
        outcome = self._inside.run(self._perform)
        if os.getpid() != self._pid:
            os._exit(0)  # the handler forked, and this is the copy: the worker's rest is none of its business
        with contextlib.suppress(RuntimeError):  # the worker has ended, and nobody waits for this any more
            self._loop.call_soon_threadsafe(self._tell, outcome)

    def _tell(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def _perform(self) -> Outcome:
        try:
            try:
                return self._body()
            finally:
                with self._lock:
                    self._thread = None
        except BaseException as error:  # also one that was set just before the lock was taken
            return raised(error)

    def _body(self) -> Outcome:
        args, named = self._handler.decode(self._spec.parameters)
        if self._handler.context_parameter:
            named[self._handler.context_parameter] = self._context
        with self._lock:
            if self._ended:
                raise StopRequested
            self._thread = threading.get_ident()
        return returned(self._handler, self._handler.fn(*args, **named))

    def end(self) -> None:
        with self._lock:
            self._ended = True
            if self._thread is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread), ctypes.py_object(StopRequested)
                )


class Threads:
    def __init__(self) -> None:
        self._pool = Pool()

    async def run(self, handler: Handler, spec: Spec, context: Context) -> Outcome:
        call = _Call(handler, spec, context)
        self._pool.submit(call)
        try:
            return await asyncio.shield(call.outcome)
        except asyncio.CancelledError:
            call.end()
            await asyncio.wait([call.outcome], timeout=PATIENCE)
            raise

    def request_stop(self, context: Context) -> None:
        """The handler looks at `context.cancelled` itself."""

    async def close(self) -> None:
        self._pool.close()
