"""One task is followed to its end, whatever the live feed loses, repeats or mixes up."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from taskmill.core import machine
from taskmill.core.errors import FeedUnavailable, NotFound
from taskmill.core.events import TaskEvent
from taskmill.core.state import State
from taskmill.core.task import SECOND, Attempt, Decision, Task
from taskmill.engine.live import follow
from taskmill.engine.live.events import told
from taskmill.engine.live.follow import Follower, FollowSource, Since
from taskmill.feeds.contract import EventFilter, Subscription
from taskmill.feeds.memory import MemoryFeed
from taskmill.sdk.results import look
from taskmill.stores.clock import microseconds
from taskmill.stores.contract import ClaimQuery
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance.case import a_task

LONG = 10


class Line:
    """A stored task, what is done to it, and a feed that tells of it when asked to."""

    def __init__(self) -> None:
        self.store, self.feed = MemoryStore(), MemoryFeed()
        self.source = FollowSource(self.feed, lambda id: look(self.store, id), self.store.attempts)

    async def add(self) -> str:
        task = a_task(run_at=0)
        await self.store.add([task])
        return task.spec.id

    async def start(self, id: str) -> TaskEvent:
        [claim] = await self.store.claim("w", 60 * SECOND, ClaimQuery(1, ids=[id]))
        return told(Task(claim.spec, claim.head), microseconds())

    async def end(self, id: str, *lines: int) -> TaskEvent:
        spec, head = (await self.store.get([id]))[id]
        new = machine.succeed(head, "3", microseconds())
        log = json.dumps([{"at": at, "level": "info", "message": str(at)} for at in lines])
        ended = Attempt(id, new.version, head.attempt, "w", head.started_at, 0, "succeeded", None, log)
        assert await self.store.save([Decision(id, new, ended)]) == []
        return told(Task(spec, new), microseconds())


def seen(events: Sequence[TaskEvent]) -> list[str]:
    return [json.loads(event.line)["message"] if event.line else event.progress or str(event.state) for event in events]


def logged(event: TaskEvent, at: int) -> TaskEvent:
    return event._replace(kind="log", line=json.dumps({"at": at, "level": "info", "message": str(at)}))


@pytest.fixture
def line() -> Line:
    return Line()


async def to_its_end(following: Follower) -> list[str]:
    found: list[TaskEvent] = []
    async with asyncio.timeout(LONG):
        while not following.over:
            found += await following.next()
    following.close()
    return seen(found)


async def test_it_begins_with_how_the_task_is_now(line: Line) -> None:
    id = await line.add()
    following = Follower(line.source, id)
    assert seen(await following.next()) == ["ready"]
    running = await line.start(id)
    half = running._replace(kind="progress", progress="0.5", at=running.at + 1)
    await line.feed.emit([running, logged(running, 5), half, await line.end(id, 5)])
    assert await to_its_end(following) == ["running", "5", "0.5", "succeeded"]
    assert await to_its_end(Follower(line.source, id)) == ["succeeded"]


async def test_what_comes_twice_or_late_is_told_once(line: Line) -> None:
    id = await line.add()
    following = Follower(line.source, id)
    await following.next()
    running = await line.start(id)
    steps = [running._replace(kind="progress", progress=str(at), at=running.at + at) for at in (1, 2)]
    await line.feed.emit([running, running, logged(running, 7), steps[0], steps[1], steps[1], logged(running, 7)])
    assert seen(await following.next()) == ["running", "7", "1", "2"]
    await line.feed.emit([running, await line.end(id)])
    assert await to_its_end(following) == ["succeeded"]


async def test_what_the_feed_loses_is_found_in_the_store(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "NET", 0.05)
    id = await line.add()
    following = Follower(line.source, id)
    await following.next()
    await line.feed.emit([logged(await line.start(id), 1)])
    await line.end(id, 1, 2, 3)
    assert await to_its_end(following) == ["1", "2", "3", "succeeded"]


async def test_a_slow_reader_is_told_that_he_missed_something_and_how_it_is_now(line: Line) -> None:
    id = await line.add()
    following = Follower(line.source, id)
    await following.next()
    running = await line.start(id)
    await line.feed.emit([running, *(logged(running, at) for at in range(1, 2000))])
    events = await following.next()
    assert (following.missed, seen(events)[-1]) == (1, "1999")
    assert len(events) < 1999
    assert seen(await following.next(1.0)) == ["running"]
    await line.feed.emit([await line.end(id)])
    assert await to_its_end(following) == ["succeeded"]


async def test_it_goes_on_after_the_last_event_that_was_seen(line: Line) -> None:
    id = await line.add()
    running = await line.start(id)
    await line.end(id, 10, 20, 30)
    assert await to_its_end(Follower(line.source, id, Since(running.version, 20))) == ["30", "succeeded"]
    assert await to_its_end(Follower(line.source, id, Since(running.version + 1, 99))) == []


async def test_a_feed_that_is_away_costs_only_time(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "ALONE", 0.05)
    away = True

    async def watch(where: EventFilter) -> Subscription:
        if away:
            raise FeedUnavailable("away")
        return await MemoryFeed.watch(line.feed, where)

    monkeypatch.setattr(line.feed, "watch", watch)
    id = await line.add()
    following = Follower(line.source, id)
    assert seen(await following.next()) == ["ready"]
    running = await line.start(id)
    assert seen(await following.next()) == ["running"]
    away = False
    while following._watching is None:
        assert await following.next(0.05) == []
    await line.feed.emit([logged(running, 1)])
    assert seen(await following.next(LONG)) == ["1"]


async def test_clocks_may_differ(line: Line) -> None:
    """The worker's is a minute behind the one of the store."""
    id = await line.add()
    running = await line.start(id)
    following = Follower(line.source, id)
    assert [event.state for event in await following.next()] == [State.RUNNING]
    await line.feed.emit([running._replace(kind="progress", progress="0.5", at=running.at - 60 * SECOND)])
    assert seen(await following.next(LONG)) == ["0.5"]


async def test_a_task_that_is_not_there(line: Line) -> None:
    following = Follower(line.source, a_task().spec.id)
    with pytest.raises(NotFound):
        await following.next()
    following.close()


async def test_silence_ends_with_the_timeout(line: Line) -> None:
    following = Follower(line.source, await line.add())
    await following.next()
    assert await following.next(0.02) == []
