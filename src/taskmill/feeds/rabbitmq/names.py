"""What other programs may rely on: the exchange `taskmill.events` with keys KIND.QUEUE.TASK_TYPE.ID, and a queue."""

import hashlib
from collections.abc import Iterator
from itertools import product

from taskmill.core.events import TaskEvent
from taskmill.feeds.contract import EventFilter

EXCHANGE = "taskmill.events"
QUESTIONS = "taskmill.status"
LONGEST = 104
"""Bytes of a name in a key, which has 255 in all."""
DIGEST = 32
SPECIAL = str.maketrans({".": "%2E", "*": "%2A", "#": "%23", "%": "%25"})
"""What has a meaning in keys."""


def key(event: TaskEvent) -> str:
    return f"{event.kind}.{word(event.queue)}.{word(event.task_type)}.{event.id}"


def word(name: str) -> str:
    """Of a key. Too long a name is cut and made distinct by a digest."""
    text = name.translate(SPECIAL)
    if len(text.encode()) <= LONGEST:
        return text
    start = text.encode()[: LONGEST - DIGEST - 1].decode(errors="ignore")
    return f"{start}~{hashlib.sha256(name.encode()).hexdigest()[:DIGEST]}"


def patterns(where: EventFilter) -> Iterator[str]:
    """Bindings that let through what is watched, and perhaps more."""
    if where.ids is not None:
        yield from (f"*.*.*.{id}" for id in where.ids)
        return
    queues = [word(queue) for queue in where.queues] if where.queues is not None else ["*"]
    task_types = [word(task_type) for task_type in where.task_types] if where.task_types is not None else ["*"]
    yield from {f"*.{queue}.{task_type}.*" for queue, task_type in product(queues, task_types)}
