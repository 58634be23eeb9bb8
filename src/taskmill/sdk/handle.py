"""A handle on one stored task: wait for it, look at it, cancel it."""

import json
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import msgspec

from taskmill.core.errors import InvalidRequest, TaskCancelled, TaskError
from taskmill.core.state import State
from taskmill.core.task import Attempt
from taskmill.core.task import Task as Stored
from taskmill.engine.client import control
from taskmill.portal import in_loop
from taskmill.sdk import elsewhere, events
from taskmill.sdk.events import Progress, progress_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from taskmill.sdk.app import App
    from taskmill.sdk.events import Event
    from taskmill.sdk.task import Task

R = TypeVar("R")


class TaskHandle(Generic[R]):
    """What `enqueue` returns. Every method has a twin for async code: `aresult`, `astatus`, ...

    All of them raise NotFound when the store has no such task (any more) and StoreUnavailable when it can't be asked.
    """

    __slots__ = ("_app", "_seen", "_task", "created", "id")

    def __init__(self, app: "App", id: str, task: "Task[..., R] | None", created: bool = False) -> None:
        self.id = id
        self.created = created
        """Whether this call stored the task; False when one with that id or key was there already."""
        self._app = app
        self._task = task
        self._seen = 0
        """Version of the task that was read from the store: no cache is believed that has an older one."""

    def __repr__(self) -> str:
        return f"TaskHandle({self.id!r})"

    def result(self, timeout: float | None = None) -> R:
        """Wait for the end of the task, at most `timeout` seconds, and return what its handler returned.

        Raises TaskError when the task failed, TaskCancelled when it was cancelled, and ResultTimeout (a TimeoutError)
        when it has not ended yet: the task goes on then.
        """
        _refuse_in_loop("result()", "`await handle.aresult()`")
        return self._value(self._app.clients.sync().wait(self.id, timeout))

    async def aresult(self, timeout: float | None = None) -> R:
        return self._value(await (await self._app.clients.here()).wait(self.id, timeout))

    def refresh(self) -> Stored:
        """The task as the store has it now: `.spec` never changes, `.head` does."""
        return self._noted(self._app.clients.sync().get(self.id))

    async def arefresh(self) -> Stored:
        return self._noted(await (await self._app.clients.here()).get(self.id))

    def status(self) -> State:
        """The live feed's cache is asked first, if the app has a feed with one; it may be seconds behind."""
        return self._app.clients.sync().status(self.id, self._seen).state

    async def astatus(self) -> State:
        return (await (await self._app.clients.here()).status(self.id, self._seen)).state

    def progress(self) -> Progress | None:
        """What the handler last reported with `ctx.progress`, if it has; looked up like the status."""
        return progress_of(self._app.clients.sync().status(self.id, self._seen).progress)

    async def aprogress(self) -> Progress | None:
        return progress_of((await (await self._app.clients.here()).status(self.id, self._seen)).progress)

    def events(self) -> "Generator[Event]":
        """How the task is now, then whatever happens to it, until it has ended: states, progress, log lines.

        Steps that come faster than they can be read may be left out, except the last. `break` ends it at any time.
        """
        _refuse_in_loop("events()", "`async for event in handle.aevents()`")
        return events.events(self._app.clients, self.id)

    def aevents(self) -> "AsyncGenerator[Event]":
        return events.aevents(self._app.clients, self.id)

    def attempts(self) -> list[Attempt]:
        """The attempts that have ended, oldest first: by whom, when (microseconds since the epoch), how."""
        return self._app.clients.sync().attempts(self.id)

    async def aattempts(self) -> list[Attempt]:
        return await (await self._app.clients.here()).attempts(self.id)

    def cancel(self) -> bool:
        """Cancel the task, or ask it to stop when it is running; False when it has ended already."""
        return self._app.clients.sync().cancel(self.id)

    async def acancel(self) -> bool:
        return await (await self._app.clients.here()).cancel(self.id)

    def retry(self) -> None:
        """Run the task again, with all its attempts. Raises Conflict when it has not ended (or is not scheduled)."""
        self._app.clients.sync().control(control.retry, self.id)

    async def aretry(self) -> None:
        await (await self._app.clients.here()).control(control.retry, self.id)

    def delete(self) -> None:
        """Delete the task with all that is kept of it. Raises Conflict when it has not ended: cancel it first."""
        self._app.clients.sync().control(control.delete, self.id)

    async def adelete(self) -> None:
        await (await self._app.clients.here()).control(control.delete, self.id)

    def _noted(self, task: Stored) -> Stored:
        self._seen = task.head.version
        return task

    def _value(self, task: Stored) -> R:
        self._noted(task)
        if task.head.state is not State.SUCCEEDED:
            raise _error(task)
        kind = self._task or self._app.tasks.get(task.spec.task_type)
        text = task.head.result or "null"
        try:
            return cast(R, json.loads(text) if kind is None else kind.decode_result(text))
        except msgspec.DecodeError as error:
            reason = f"its result does not fit the return annotation of its handler: {error}"
            raise _described(TaskError, task, f"succeeded, but {reason}") from None


elsewhere.teach(TaskHandle, elsewhere.OF_HANDLES, "handle")


def _refuse_in_loop(call: str, instead: str) -> None:
    """A call that waits would stop everything else on the event loop."""
    if in_loop():
        raise InvalidRequest(f"{call} would block the running event loop", hint=f"use {instead} in async code")


def _error(task: Stored) -> TaskError:
    """The handler's own error is in the message; its traceback is shown as a note."""
    found: dict[str, str] = json.loads(task.head.error or "{}")
    text = ": ".join(filter(None, (found.get("type"), found.get("message"))))
    if task.head.state is State.CANCELLED:
        expired = found.get("code") == "expired"
        return _described(TaskCancelled, task, f"expired: {found['message']}" if expired else "was cancelled")
    attempt = f"attempt {task.head.attempt} of {task.spec.attempt_limit}"
    error = _described(TaskError, task, f"failed in {attempt}: {text}")
    error.type, error.reason, error.traceback = found.get("type", ""), found.get("message", ""), found.get("traceback")
    if error.traceback:
        error.add_note(error.traceback)
    return error


def _described(kind: type[TaskError], task: Stored, what: str) -> TaskError:
    error = kind(f"{task.spec.task_type} {task.spec.id} {what}")
    error.task_id = task.spec.id
    return error
