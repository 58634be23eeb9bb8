"""`async def` handlers, on the worker's event loop."""

import asyncio
import os

from taskmill.core.outcome import Outcome, Stopped
from taskmill.executors.call import call, raised, returned
from taskmill.executors.contract import Context, Handler, running
from taskmill.executors.variables import Inside, Variables


class Inline:
    def __init__(self) -> None:
        self._tasks: dict[Context, asyncio.Task[object]] = {}
        self._pid = os.getpid()
        self._variables = Variables()

    async def run(self, handler: Handler, context: Context) -> Outcome:
        task = asyncio.current_task()
        assert task is not None
        self._tasks[context] = task
        try:
            return await Inside(self._variables.fresh(), _attempt(handler, context))
        except asyncio.CancelledError as stopped:
            if context.cancelled:
                return Stopped()
            if task.cancelling():
                raise  # a timeout, the worker's end, or the handler itself: whoever asked for it knows
            return raised(stopped)
        except BaseException as error:  # SystemExit too: a handler must not end its worker
            return raised(error)
        finally:
            if os.getpid() != self._pid:
                os._exit(0)  # the handler forked, and this is the copy: the worker's rest is none of its business
            del self._tasks[context]

    def request_stop(self, context: Context) -> None:
        if context in self._tasks:
            self._tasks[context].cancel()

    async def close(self) -> None:
        return None


async def _attempt(handler: Handler, context: Context) -> Outcome:
    running.set(context)
    return returned(handler, await call(handler, context))
