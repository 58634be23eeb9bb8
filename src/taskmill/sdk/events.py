"""What happens to one task, live: typed events for Python."""

import json
from collections.abc import AsyncGenerator, Generator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from taskmill.core.events import TaskEvent
from taskmill.core.state import State
from taskmill.core.times import to_datetime
from taskmill.engine.live.follow import Follower
from taskmill.portal import portal

if TYPE_CHECKING:
    from taskmill.sdk.clients import Clients


class Progress(NamedTuple):
    """How far a handler said it is."""

    fraction: float
    """0 to 1."""
    note: str


class StateChanged(NamedTuple):
    """The task is in another state, or this is how it is at the beginning."""

    at: datetime
    attempt: int
    state: State
    progress: Progress | None
    error: dict[str, Any] | None
    """The latest: code, type, message, traceback."""
    kind: Literal["state"] = "state"


class Progressed(NamedTuple):
    """The handler reported its progress."""

    at: datetime
    attempt: int
    progress: Progress
    kind: Literal["progress"] = "progress"


class Logged(NamedTuple):
    """The handler logged a line."""

    at: datetime
    attempt: int
    level: str
    message: str
    kind: Literal["log"] = "log"


Event = StateChanged | Progressed | Logged


def events(clients: "Clients", id: str) -> Generator[Event]:
    """From how the task is now to its final state. Raises NotFound, StoreError.

    For a thread: the portal's loop follows the task.
    """
    there = portal()
    follower = there.run(_follow(clients, id))
    try:
        while not follower.over:
            yield from map(typed, there.run(follower.next()))
    finally:
        there.soon(follower.close)


async def aevents(clients: "Clients", id: str) -> AsyncGenerator[Event]:
    follower = await _follow(clients, id)
    try:
        while not follower.over:
            for event in await follower.next():
                yield typed(event)
    finally:
        follower.close()


async def _follow(clients: "Clients", id: str) -> Follower:
    return (await clients.here()).follow(id)


def typed(event: TaskEvent) -> Event:
    progress = progress_of(event.progress)
    if event.kind == "log":
        line: dict[str, Any] = json.loads(event.line or "{}")
        at = to_datetime(int(line.get("at", event.at)))
        return Logged(at, event.attempt, str(line.get("level", "info")), str(line.get("message", "")))
    if event.kind == "progress" and progress is not None:
        return Progressed(to_datetime(event.at), event.attempt, progress)
    error = None if event.error is None else json.loads(event.error)
    return StateChanged(to_datetime(event.at), event.attempt, event.state, progress, error)


def progress_of(text: str | None) -> Progress | None:
    """From JSON, as it is stored."""
    stored: dict[str, Any] | None = json.loads(text or "null")
    return None if stored is None else Progress(float(stored.get("fraction", 0.0)), str(stored.get("note", "")))
