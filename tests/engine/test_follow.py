"""One task is followed to its end, whatever the live feed loses, repeats or mixes up."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from taskmill.core import machine, times
from taskmill.core.errors import FeedUnavailable, NotFound
from taskmill.core.events import TaskEvent
from taskmill.core.state import State
from taskmill.core.task import SECOND, Attempt, Decision, Task
from taskmill.engine.live.events import state_event
from taskmill.engine.live.follow import Follower, FollowTimings, Since
from taskmill.feeds.contract import EventFilter, Subscription
from taskmill.feeds.memory import MemoryFeed
from taskmill.stores.contract import ClaimQuery
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance.case import a_task

LONG = 10


class Followed:
    """A stored task, what is done to it, and a feed that publishes only what it is given."""

    def __init__(self) -> None:
        self.store, self.feed = MemoryStore(), MemoryFeed()

    def follow(self, id: str, *since: Since, **timings: Any) -> Follower:
        return Follower(id, self.feed, self.store, *since, timings=FollowTimings(**timings))

    async def add(self) -> str:
        task = a_task(run_at=0)
        await self.store.add([task])
        return task.spec.id

    async def start(self, id: str) -> TaskEvent:
        [claim] = await self.store.claim("w", 60 * SECOND, ClaimQuery(1, ids=[id]))
        return state_event(Task(claim.spec, claim.head), times.now())

    async def end(self, id: str, *lines: int) -> TaskEvent:
        spec, head = (await self.store.get([id]))[id]
        new = machine.succeed(head, "3", times.now())
        log = json.dumps([{"at": at, "level": "info", "message": str(at)} for at in lines])
        ended = Attempt(id, new.version, head.attempt, "w", head.started_at, 0, "succeeded", None, log)
        assert await self.store.save([Decision(id, new, ended)]) == []
        return state_event(Task(spec, new), times.now())


def seen(events: Sequence[TaskEvent]) -> list[str]:
    return [json.loads(event.line)["message"] if event.line else event.progress or str(event.state) for event in events]


def logged(event: TaskEvent, at: int) -> TaskEvent:
    return event._replace(kind="log", line=json.dumps({"at": at, "level": "info", "message": str(at)}))


@pytest.fixture
def one() -> Followed:
    return Followed()


async def to_its_end(following: Follower) -> list[str]:
    found: list[TaskEvent] = []
    async with asyncio.timeout(LONG):
        while not following.over:
            found += await following.next()
    following.close()
    return seen(found)


async def test_it_begins_with_how_the_task_is_now(one: Followed) -> None:
    id = await one.add()
    following = one.follow(id)
    assert seen(await following.next()) == ["ready"]
    running = await one.start(id)
    half = running._replace(kind="progress", progress="0.5", at=running.at + 1)
    await one.feed.emit([running, logged(running, 5), half, await one.end(id, 5)])
    assert await to_its_end(following) == ["running", "5", "0.5", "succeeded"]
    assert await to_its_end(one.follow(id)) == ["succeeded"]


async def test_what_comes_twice_or_late_is_told_once(one: Followed) -> None:
    id = await one.add()
    following = one.follow(id)
    await following.next()
    running = await one.start(id)
    steps = [running._replace(kind="progress", progress=str(at), at=running.at + at) for at in (1, 2)]
    await one.feed.emit([running, running, logged(running, 7), steps[0], steps[1], steps[1], logged(running, 7)])
    assert seen(await following.next()) == ["running", "7", "1", "2"]
    await one.feed.emit([running, await one.end(id)])
    assert await to_its_end(following) == ["succeeded"]


async def test_what_the_feed_loses_is_found_in_the_store(one: Followed) -> None:
    id = await one.add()
    following = one.follow(id, silence=0.05)
    await following.next()
    await one.feed.emit([logged(await one.start(id), 1)])
    await one.end(id, 1, 2, 3)
    assert await to_its_end(following) == ["1", "2", "3", "succeeded"]


async def test_a_slow_reader_is_told_that_he_missed_something_and_how_it_is_now(one: Followed) -> None:
    id = await one.add()
    following = one.follow(id)
    await following.next()
    running = await one.start(id)
    await one.feed.emit([running, *(logged(running, at) for at in range(1, 2000))])
    events = await following.next()
    assert (following.missed, seen(events)[-1]) == (1, "1999")
    assert len(events) < 1999
    assert seen(await following.next(1.0)) == ["running"]
    await one.feed.emit([await one.end(id)])
    assert await to_its_end(following) == ["succeeded"]


async def test_it_goes_on_after_the_last_event_that_was_seen(one: Followed) -> None:
    id = await one.add()
    running = await one.start(id)
    await one.end(id, 10, 20, 30)
    assert await to_its_end(one.follow(id, Since(running.version, 20))) == ["30", "succeeded"]
    assert await to_its_end(one.follow(id, Since(running.version + 1, 99))) == []


async def test_a_feed_that_is_away_costs_only_time(one: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    away = True

    async def watch(where: EventFilter) -> Subscription:
        if away:
            raise FeedUnavailable("away")
        return await MemoryFeed.watch(one.feed, where)

    monkeypatch.setattr(one.feed, "watch", watch)
    id = await one.add()
    following = one.follow(id, without_feed=0.05)
    assert seen(await following.next()) == ["ready"]
    running = await one.start(id)
    assert seen(await following.next()) == ["running"]
    away = False
    while following._watching is None:
        assert await following.next(0.05) == []
    await one.feed.emit([logged(running, 1)])
    assert seen(await following.next(LONG)) == ["1"]


async def test_clocks_may_differ(one: Followed) -> None:
    """The worker's is a minute behind the one of the store."""
    id = await one.add()
    running = await one.start(id)
    following = one.follow(id)
    assert [event.state for event in await following.next()] == [State.RUNNING]
    await one.feed.emit([running._replace(kind="progress", progress="0.5", at=running.at - 60 * SECOND)])
    assert seen(await following.next(LONG)) == ["0.5"]


async def test_a_task_that_is_not_there(one: Followed) -> None:
    following = one.follow(a_task().spec.id)
    with pytest.raises(NotFound):
        await following.next()
    following.close()


async def test_silence_ends_with_the_timeout(one: Followed) -> None:
    following = one.follow(await one.add())
    await following.next()
    assert await following.next(0.02) == []
