"""Ctrl-C while a task is being followed: the task goes on, and one is told how to get back to it."""

from collections.abc import Iterator
from contextlib import contextmanager


class Interrupted(Exception):
    """The text says what becomes of the task."""


@contextmanager
def interruptible(id: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        text = f"task {id} goes on\n  follow it: taskmill watch {id}\n  stop it:   taskmill cancel {id}"
        raise Interrupted(text) from None
