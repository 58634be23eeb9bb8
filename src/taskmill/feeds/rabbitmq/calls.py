"""What RabbitMQ was asked and has not answered yet."""

import asyncio
from collections.abc import Callable
from typing import Any


class Calls:
    def __init__(self) -> None:
        self._open: set[asyncio.Future[Any]] = set()

    def make(self) -> "asyncio.Future[Any]":
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open.add(answer)
        answer.add_done_callback(self._open.discard)
        return answer

    def fail(self, error: Exception) -> None:
        """Nothing is answered any more."""
        for answer in tuple(self._open):
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # whoever gave up does not ask for it


def resolve(answer: "asyncio.Future[Any]") -> Callable[[Any], None]:
    """As a callback of pika."""

    def call(value: Any) -> None:
        if not answer.done():
            answer.set_result(value)

    return call
