"""Between rows and the types of core/: on the way in as tuples, on the way out as one JSON array."""

import json
from collections.abc import Collection, Iterable

import msgspec

from taskmill.core.task import Attempt, Claim, Task
from taskmill.stores.contract import QueueRow, TaskTypeRow, WorkerRow

tasks = msgspec.json.Decoder(list[Task]).decode
claims = msgspec.json.Decoder(list[Claim]).decode
attempts = msgspec.json.Decoder(list[Attempt]).decode
numbered = msgspec.json.Decoder(list[tuple[int, Task]]).decode
numbers = msgspec.json.Decoder(dict[str, int]).decode
pairs = msgspec.json.Decoder(set[tuple[str, int]]).decode
holders = msgspec.json.Decoder(dict[str, str]).decode
words = msgspec.json.Decoder(list[str]).decode
queues = msgspec.json.Decoder(list[QueueRow]).decode
workers = msgspec.json.Decoder(list[WorkerRow]).decode
task_types = msgspec.json.Decoder(list[TaskTypeRow]).decode


def array(words: Iterable[str] | None) -> str | None:
    """For json_each; None stays None."""
    return None if words is None else json.dumps(list(words))


def empty(words: Collection[str] | None) -> bool:
    """Given, but with nothing in it."""
    return words is not None and not words
