"""An event loop for each test, on which what is under test is opened, used and closed."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Concatenate, ParamSpec, TypeVar

import pytest

P = ParamSpec("P")
S = TypeVar("S", bound="LoopCase")


class LoopCase:
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            self._runner = runner
            yield runner


def scenario(test: Callable[Concatenate[S, P], Coroutine[Any, Any, None]]) -> Callable[Concatenate[S, P], None]:
    """Runs an async test on the event loop of its fixtures."""

    @functools.wraps(test)
    def play(self: S, *args: P.args, **kwargs: P.kwargs) -> None:
        self._runner.run(test(self, *args, **kwargs))

    return play  # type: ignore[return-value]  # wraps() forgets that self may come by position
