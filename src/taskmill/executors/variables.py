"""Context variables: each attempt begins with those that its process had at the start, and leaves none behind."""

import contextvars
import sys
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Variables:
    """As they are when this is made: a worker makes it when the app is loaded."""

    def __init__(self) -> None:
        self._start = contextvars.copy_context()
        self._decimal: Any = None
        """How decimals are computed: one object, which handlers change in place."""
        if decimal := sys.modules.get("decimal"):
            self._decimal = next((value for value in self._start.values() if isinstance(value, decimal.Context)), None)
            self._set_decimal = decimal.setcontext

    def fresh(self) -> contextvars.Context:
        context = self._start.copy()
        if self._decimal is not None:
            context.run(self._set_decimal, self._decimal.copy())
        return context


class Inside(Generic[T]):
    """To await a coroutine each step of which runs in the given context; an asyncio task of its own would cost more."""

    __slots__ = ("_context", "_coroutine")

    def __init__(self, context: contextvars.Context, coroutine: Coroutine[Any, Any, T]) -> None:
        self._context = context
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, T]:
        run, coroutine = self._context.run, self._coroutine
        try:
            awaited = run(coroutine.send, None)
            while True:
                try:
                    answer = yield awaited
                except BaseException as error:
                    awaited = run(coroutine.throw, error)
                else:
                    awaited = run(coroutine.send, answer)
        except StopIteration as done:
            value: T = done.value
            return value
