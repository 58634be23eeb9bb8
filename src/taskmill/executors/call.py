"""The one way to call a handler: from the parameters to its arguments, from what it returned or raised to an outcome.

Executors differ in where they call it and how they end it, not in this.
"""

import asyncio
import functools
import inspect
import traceback
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

from taskmill.core.errors import InvalidParameters
from taskmill.core.outcome import Cancel, Fail, Failure, Outcome, Raised, Retry, Returned, Snooze, Stopped
from taskmill.executors.contract import Context, Handler, StopRequested, running, storable

RESULT_LIMIT = 4 * 2**20
"""Bytes of JSON."""
MESSAGE_LIMIT = 2_000
TRACEBACK_LIMIT = 8_000


def call(handler: Handler, context: Context) -> Any:
    """What the handler returns; of an `async def`, what is to be awaited. Raises InvalidParameters, and what it raises.

    The context goes to the parameter that the handler has for it, if any.
    """
    arguments = handler.decode(context.task.parameters)
    if handler.context_parameter:
        arguments[handler.context_parameter] = context
    return handler.fn(**arguments)


def is_async(fn: Callable[..., Any]) -> bool:
    """An `async def`, also as a method, within functools.partial, or as the `__call__` of an object."""
    return inspect.iscoroutinefunction(target(fn))


def target(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function that is called in the end."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    return fn if inspect.isroutine(fn) or inspect.isclass(fn) else type(fn).__call__


def perform(
    handler: Handler, context: Context, on_await: Callable[[asyncio.Task[object]], None] = lambda _: None
) -> Outcome:
    """Call a handler that blocks its thread, which is its own for so long; SystemExit too is the handler's failure.

    What is to be awaited (a plain function round an `async def`) gets an event loop here; `on_await` is told its task.
    """
    try:
        running.set(context)
        value = call(handler, context)
        if inspect.isawaitable(value):
            value = asyncio.run(awaited(value, on_await))
        return returned(handler, value)
    except BaseException as error:
        return raised(error)


async def awaited(value: Awaitable[Any], on_await: Callable[[asyncio.Task[object]], None] = lambda _: None) -> Any:
    task = asyncio.current_task()
    assert task is not None
    on_await(task)
    return await value


def returned(handler: Handler, value: object) -> Outcome:
    if isinstance(value, Retry | Snooze | Cancel | Fail):
        return raised(value)
    try:
        result = handler.encode_result(value)
    except BaseException as refused:  # whatever the value's own code raises
        return _unusable(f"the handler of '{handler.name}' returned a {type(value).__name__}: {refused}")
    if len(result) > RESULT_LIMIT:
        return _unusable(f"the result is {len(result):,} bytes of JSON; at most {RESULT_LIMIT:,} are kept")
    return Returned(result)


def raised(error: BaseException) -> Outcome:
    try:
        return _plain(error)
    except BaseException as broken:  # an exception class whose own code fails must not take the worker along
        return Raised(Failure("exception", type(error).__qualname__, f"(it cannot be shown: {type(broken).__name__})"))


def _plain(error: BaseException) -> Outcome:
    """Outcomes of the handler's own subclasses become ours, bounded, with nothing of theirs left to fail later."""
    if isinstance(error, Retry):
        return Retry(error.delay, _message(error))
    if isinstance(error, Snooze):
        return Snooze(error.delay)
    if isinstance(error, Cancel):
        return Cancel(_message(error))
    if isinstance(error, Fail):
        return Fail(_message(error))
    if isinstance(error, StopRequested):
        return Stopped()
    if isinstance(error, InvalidParameters):
        return Raised(Failure(error.code, "InvalidParameters", _message(error)), final=True)
    return Raised(_failure(error), _kinds(type(error)))


def _unusable(message: str) -> Outcome:
    return Raised(Failure("invalid_result", "InvalidResult", storable(message[:MESSAGE_LIMIT])), final=True)


def _failure(error: BaseException) -> Failure:
    text = "".join(traceback.format_exception(type(error), error, _from_handler(error.__traceback__)))
    return Failure("exception", type(error).__qualname__, _message(error), storable(text[-TRACEBACK_LIMIT:]))


def _from_handler(first: TracebackType | None) -> TracebackType | None:
    """Without our own frames above the handler's."""
    frame = first
    while frame is not None and frame.tb_frame.f_globals.get("__package__") == __package__:
        frame = frame.tb_next
    return frame or first


def _message(error: BaseException) -> str:
    try:
        return storable(str(error)[:MESSAGE_LIMIT])
    except BaseException:
        return "(its message could not be made)"


def _kinds(kind: type) -> tuple[str, ...]:
    return tuple(
        name for base in kind.__mro__ for name in (base.__qualname__, f"{base.__module__}.{base.__qualname__}")
    )
