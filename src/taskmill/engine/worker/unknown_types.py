"""What a worker does with tasks whose type it does not know: it leaves them to others, and is offered them again later.

The more there are of them, the later: a worker that is offered a large backlog again and again would do nothing else.
"""

import time

from taskmill.core.outcome import Declined, Failure

LEAST = 5.0
MOST = 120.0
"""Seconds until a task is offered again."""
RATE = 200
"""Tasks that put it off by one second."""
HALF_LIFE = 5.0
"""Seconds after which a task that was declined counts half."""


class UnknownTypeBackoff:
    def __init__(self) -> None:
        self._recent = 0.0
        self._at = time.monotonic()

    def __call__(self, task_type: str) -> Declined:
        now = time.monotonic()
        self._recent = 1 + self._recent * 0.5 ** ((now - self._at) / HALF_LIFE)
        self._at = now
        failure = Failure("unknown_task_type", "UnknownTaskType", f"the worker has no handler for '{task_type}'")
        return Declined(failure, min(MOST, LEAST + self._recent / RATE))
