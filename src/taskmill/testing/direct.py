"""Runs a handler where it is called: no thread, no process, its exception at hand."""

import asyncio
import inspect

from taskmill.core.outcome import Outcome, Stopped
from taskmill.executors.call import awaited, call, raised, returned
from taskmill.executors.contract import Context, Handler, StopRequested, running
from taskmill.executors.variables import Inside, Variables
from taskmill.portal import in_loop


class Direct:
    """An executor for one attempt. What is no Exception (a failed assertion of some test tools) goes through."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        """What the handler raised."""

    async def run(self, handler: Handler, context: Context) -> Outcome:
        return await Inside(Variables().fresh(), self._attempt(handler, context))

    async def _attempt(self, handler: Handler, context: Context) -> Outcome:
        running.set(context)
        try:
            value = call(handler, context)
            if inspect.isawaitable(value):
                value = await value if in_loop() else asyncio.run(awaited(value))
            return returned(handler, value)
        except StopRequested:
            return Stopped()
        except Exception as error:
            self.error = error
            return raised(error)

    def request_stop(self, context: Context) -> None:
        """The handler looks at `context.cancelled` itself."""

    async def close(self) -> None:
        return None
