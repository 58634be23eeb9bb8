"""Runs a handler where it is called: no thread, no process, its exception at hand."""

import inspect

from taskmill.core.outcome import Outcome, Stopped
from taskmill.executors.call import call, raised, returned
from taskmill.executors.contract import Context, Handler, StopRequested


class Direct:
    """An executor for one attempt. What is no Exception (a failed assertion of some test tools) goes through."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        """What the handler raised."""

    async def run(self, handler: Handler, context: Context) -> Outcome:
        try:
            value = call(handler, context)
            return returned(handler, await value if inspect.isawaitable(value) else value)
        except StopRequested:
            return Stopped()
        except Exception as error:
            self.error = error
            return raised(error)

    def request_stop(self, context: Context) -> None:
        """The handler looks at `context.cancelled` itself."""

    async def close(self) -> None:
        return None
