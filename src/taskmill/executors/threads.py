"""`def` handlers, each attempt in a thread of a pool.

A thread cannot be killed. To end an attempt its context says so, and an exception is set in its thread
(PyThreadState_SetAsyncExc), which Python code notices at its next step; a call that blocks in C notices when it
returns. What the handler returned to be awaited is cancelled. Until it has ended, this worker runs no other attempt of
its task.
"""

import asyncio
import contextlib
import contextvars
import ctypes
import os
import queue
import threading
from collections.abc import Callable

from taskmill.core.outcome import Outcome, Snooze
from taskmill.executors.call import perform, raised
from taskmill.executors.contract import Context, Handler, StopRequested
from taskmill.executors.variables import Variables

END_TIMEOUT = 1.0
"""Seconds that an ended attempt gets before its thread is left alone."""
PREDECESSOR_POLL = 1.0
"""Seconds after which an attempt is offered again that would run beside an earlier one of the same task."""

latest: dict[int, tuple[str, str]] = {}
"""By thread: the type and id of the task that it ran last, for who finds out too late."""


class ThreadedCall:
    """One attempt in its thread; knows when an exception may be set there."""

    def __init__(self, handler: Handler, context: Context, inside: contextvars.Context) -> None:
        self._handler, self._context = handler, context
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._ended = False
        self._pid = os.getpid()
        self._inside = inside
        self._loop = asyncio.get_running_loop()
        self._awaiting: asyncio.Task[object] | None = None
        """In the thread, on a loop of its own: what the handler returned."""
        self.outcome: asyncio.Future[Outcome] = self._loop.create_future()

    def __call__(self) -> None:
        outcome = self._inside.run(self._perform)
        if os.getpid() != self._pid:
            os._exit(0)  # the handler forked, and this is the copy: the worker's rest is none of its business
        with contextlib.suppress(RuntimeError):  # the worker has ended, and nobody waits for this any more
            self._loop.call_soon_threadsafe(self._set_outcome, outcome)

    def _set_outcome(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def _perform(self) -> Outcome:
        try:
            with self._lock:
                if self._ended:
                    raise StopRequested
                self._thread = threading.get_ident()
            latest[self._thread] = self._context.task.task_type, self._context.task.id
            try:
                return perform(self._handler, self._context, self._set_awaiting)
            finally:
                with self._lock:
                    self._thread = None
        except BaseException as error:  # also one that `end` set just before the lock was taken
            return raised(error)

    def _set_awaiting(self, task: asyncio.Task[object]) -> None:
        with self._lock:
            self._awaiting = task
            if self._ended:
                task.cancel()

    def end(self) -> None:
        self._context.request_stop()
        with self._lock:
            self._ended = True
            if self._awaiting is not None:
                # No exception: a loop only logs the one that comes up in a callback, and goes on.
                with contextlib.suppress(RuntimeError):  # it is closed by now
                    self._awaiting.get_loop().call_soon_threadsafe(self._awaiting.cancel)
            elif self._thread is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread), ctypes.py_object(StopRequested)
                )


class Threads:
    def __init__(self) -> None:
        self._pool = ThreadPool()
        self._variables = Variables()
        self._calls: dict[str, ThreadedCall] = {}
        """By the id of the task; also those that have ended for the worker, while they go on in their thread."""

    async def run(self, handler: Handler, context: Context) -> Outcome:
        id = context.task.id
        if id in self._calls:
            return Snooze(PREDECESSOR_POLL)  # an earlier attempt, which should have ended, still runs in its thread
        attempt = ThreadedCall(handler, context, self._variables.fresh())
        self._pool.submit(attempt)
        self._calls[id] = attempt
        try:
            return await asyncio.shield(attempt.outcome)
        except asyncio.CancelledError:
            attempt.end()
            await asyncio.wait([attempt.outcome], timeout=END_TIMEOUT)
            raise
        finally:
            if attempt.outcome.done():
                del self._calls[id]
            else:
                attempt.outcome.add_done_callback(lambda _: self._calls.pop(id))

    def request_stop(self, context: Context) -> None:
        """The handler looks at `context.cancelled` itself."""

    async def close(self) -> None:
        self._pool.close()


class ThreadPool:
    """As many threads as are wanted at once, kept for the next attempts.

    An attempt that never leaves its thread costs that thread and nothing else: the others get new ones, and daemon
    threads do not keep the process from ending (those of `concurrent.futures` do).
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)

    def submit(self, call: Callable[[], None]) -> None:
        """`call` must not raise. Raises RuntimeError when the system gives no more threads."""
        if not self._idle.acquire(blocking=False):
            threading.Thread(target=self._serve, name="taskmill-handler", daemon=True).start()
        self._calls.put(call)

    def close(self) -> None:
        """Threads end when they are idle."""
        self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            self._idle.release()
        self._calls.put(None)
