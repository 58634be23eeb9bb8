"""Between rows and the types of core/: on the way in as tuples, on the way out as one JSON array."""

import json
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from typing import Generic, TypeVar

from taskmill.core.task import Attempt, Claim, Task
from taskmill.stores.contract import Promotion, QueueRow, TaskTypeRow, WorkerRow

T = TypeVar("T")


class Reader(Generic[T]):
    """Reads one shape from JSON. msgspec weighs 8 MB, which a supervisor does without until it has to read."""

    def __init__(self, shape: type[T]) -> None:
        self._shape = shape

    def __call__(self, text: str) -> T:
        return self._decode(text)

    @cached_property
    def _decode(self) -> Callable[[str], T]:
        import msgspec

        return msgspec.json.Decoder(self._shape).decode


tasks = Reader(list[Task])
claims = Reader(list[Claim])
attempts = Reader(list[Attempt])
numbered = Reader(list[tuple[int, Task]])
numbers = Reader(dict[str, int])
pairs = Reader(set[tuple[str, int]])
holders = Reader(dict[str, str])
words = Reader(list[str])
promotions = Reader(list[Promotion])
queues = Reader(list[QueueRow])
workers = Reader(list[WorkerRow])
task_types = Reader(list[TaskTypeRow])


def array(words: Iterable[str] | None) -> str | None:
    """For json_each; None stays None."""
    return None if words is None else json.dumps(list(words))


def empty(words: Collection[str] | None) -> bool:
    """Given, but with nothing in it."""
    return words is not None and not words
