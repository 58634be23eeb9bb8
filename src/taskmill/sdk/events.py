"""What happens to one task, live: typed events for Python, and the status that the live feed remembers."""

import json
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from taskmill.core.events import TaskEvent
from taskmill.core.state import State
from taskmill.engine.live.events import told
from taskmill.engine.live.follow import Follower, FollowSource
from taskmill.feeds.contract import Feed
from taskmill.portal import portal
from taskmill.sdk.connection import Connection
from taskmill.sdk.progress import Progress, progress_of
from taskmill.sdk.results import look
from taskmill.sdk.sync import run

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    """The handler told its progress."""

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


def events(connection: Connection, id: str) -> Generator[Event]:
    """From how the task is now to its final state. Raises NotFound, StoreError."""
    there = portal()
    following = there.run(_follow(connection, id))
    try:
        while not following.over:
            yield from map(typed, there.run(following.next()))
    finally:
        there.soon(following.close)


async def aevents(connection: Connection, id: str) -> AsyncGenerator[Event]:
    following = await _follow(connection, id)
    try:
        while not following.over:
            for event in await following.next():
                yield typed(event)
    finally:
        following.close()


async def _follow(connection: Connection, id: str) -> Follower:
    watch = await connection.here()
    return Follower(FollowSource(watch.live, watch.look, watch.notifier.store.attempts), id)


def typed(event: TaskEvent) -> Event:
    progress = progress_of(event.progress)
    if event.kind == "log":
        line: dict[str, Any] = json.loads(event.line or "{}")
        at = _moment(int(line.get("at", event.at)))
        return Logged(at, event.attempt, str(line.get("level", "info")), str(line.get("message", "")))
    if event.kind == "progress" and progress is not None:
        return Progressed(_moment(event.at), event.attempt, progress)
    error = None if event.error is None else json.loads(event.error)
    return StateChanged(_moment(event.at), event.attempt, event.state, progress, error)


def _moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


def glance(connection: Connection, id: str, seen: int) -> TaskEvent:
    """State and progress, from the live feed's memory if that has the version `seen` or a later one."""
    watch = connection.sync()
    if watch.feed is None:
        return told(run(look(watch.store, id)), 0)
    cached = portal().run(watch.feed.latest([id])).get(id)
    if cached is not None and cached.version >= seen:
        return cached
    event = told(run(look(watch.store, id)), 0)
    portal().run(watch.feed.remember([event]))
    return event


async def aglance(connection: Connection, id: str, seen: int) -> TaskEvent:
    watch = await connection.here()
    feed: Feed | None = watch.feed
    cached = (await feed.latest([id])).get(id) if feed else None
    if cached is not None and cached.version >= seen:
        return cached
    event = told(await watch.look(id), 0)
    if feed:
        await feed.remember([event])
    return event
