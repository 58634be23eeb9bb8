"""`def` handlers, each attempt in a thread of a pool.

A thread cannot be killed. To end an attempt an exception is set in its thread (PyThreadState_SetAsyncExc),
which Python code notices at its next step; a call that blocks in C notices when it returns.
"""

import asyncio
import contextvars
import ctypes
import threading
from concurrent.futures import ThreadPoolExecutor

from taskmill.core.outcome import Outcome
from taskmill.core.task import Spec
from taskmill.executors.contract import Context, Handler, StopRequested
from taskmill.executors.outcomes import raised, returned

SPARE = 64
"""Threads beyond the slots, for attempts that were ended and do not notice."""
PATIENCE = 1.0
"""Seconds to wait for an ended attempt before its thread is left alone."""


class _Call:
    """One attempt in its thread; knows when an exception may be set there."""

    def __init__(self, handler: Handler, spec: Spec, context: Context) -> None:
        self._handler, self._spec, self._context = handler, spec, context
        self._lock = threading.Lock()
        self._thread: int | None = None

    def __call__(self) -> Outcome:
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
            self._thread = threading.get_ident()
        return returned(self._handler, self._handler.fn(*args, **named))

    def end(self) -> None:
        with self._lock:
            if self._thread is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread), ctypes.py_object(StopRequested)
                )


class Threads:
    def __init__(self, slots: int) -> None:
        self._pool = ThreadPoolExecutor(slots + SPARE, thread_name_prefix="taskmill-handler")

    async def run(self, handler: Handler, spec: Spec, context: Context) -> Outcome:
        call = _Call(handler, spec, context)
        inside = contextvars.copy_context().run
        future = asyncio.get_running_loop().run_in_executor(self._pool, inside, call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            call.end()
            await asyncio.wait([future], timeout=PATIENCE)
            raise

    def request_stop(self, context: Context) -> None:
        """The handler looks at `context.cancelled` itself."""

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
