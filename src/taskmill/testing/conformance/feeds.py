"""What every live feed must do, as tests. A new feed needs no more than this:

    class TestMyFeed(FeedSuite):
        def make_feed(self) -> Feed:
            return MyFeed("my://server")

`make_feed` is called on the event loop of the test, also twice: the feeds of one test are writers and watchers of one
place. Events of one test are about tasks and queues of its own, so tests may share a server.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from taskmill.core.errors import FeedUnavailable
from taskmill.core.events import TaskEvent
from taskmill.core.state import State
from taskmill.feeds.contract import EventFilter, Feed, Subscription
from taskmill.testing.conformance.loops import LoopCase, scenario

LONG = 10.0
SOON = 0.3
"""Seconds in which an event that is not for us would have come."""
MANY = 3_000
"""More events than a watcher keeps."""
AT = 1_700_000_000_000_000


def an_event(state: State = State.RUNNING, version: int = 2, at: int = 0, **fields: Any) -> TaskEvent:
    """`at`: microseconds after the time at which scenarios play."""
    event = TaskEvent("state", str(uuid4()), "sum", f"q-{uuid4()}", AT + at, state, version, 1)
    return event._replace(**fields)


def progressed(event: TaskEvent, fraction: float, at: int) -> TaskEvent:
    progress = json.dumps({"fraction": fraction, "note": "half-way …"}, ensure_ascii=False, separators=(",", ":"))
    return event._replace(kind="progress", progress=progress, at=AT + at)


async def heard(subscription: Subscription, count: int) -> list[TaskEvent]:
    events: list[TaskEvent] = []
    async with asyncio.timeout(LONG):
        while len(events) < count:
            events += await subscription.next(None)
    return events


class FeedCase(LoopCase):
    def make_feed(self) -> Feed:
        """Of one place, for the whole test."""
        raise NotImplementedError

    @pytest.fixture
    def feed(self, runner: asyncio.Runner) -> Iterator[Feed]:
        feed = runner.run(self._make())
        yield feed
        runner.run(feed.close())

    @pytest.fixture
    def other(self, runner: asyncio.Runner) -> Iterator[Feed]:
        """Of another process, as it were."""
        other = runner.run(self._make())
        yield other
        runner.run(other.close())

    async def _make(self) -> Feed:
        return self.make_feed()


class Watches(FeedCase):
    @scenario
    async def test_a_watcher_is_told_every_field(self, feed: Feed, other: Feed) -> None:
        ready = an_event(State.READY, 1)
        running = ready._replace(state=State.RUNNING, version=2, at=AT + 1)
        half = progressed(running, 0.5, 2)
        line = json.dumps({"at": AT + 3, "level": "info", "message": "tab\there"}, separators=(",", ":"))
        logged = running._replace(kind="log", line=line, at=AT + 3)
        error = json.dumps({"code": "exception", "type": "ValueError", "message": "no"}, separators=(",", ":"))
        failed = half._replace(kind="state", state=State.FAILED, version=3, error=error, at=AT + 4)
        subscription = await other.watch(EventFilter(frozenset({ready.id})))
        await feed.emit([ready, running, half, logged, failed])
        assert await heard(subscription, 5) == [ready, running, half, logged, failed]

    @scenario
    async def test_who_emits_may_watch(self, feed: Feed) -> None:
        event = an_event()
        subscription = await feed.watch(EventFilter(queues=frozenset({event.queue})))
        await feed.emit([event])
        assert await heard(subscription, 1) == [event]

    @scenario
    async def test_the_events_of_a_task_come_in_their_order(self, feed: Feed, other: Feed) -> None:
        tasks = [an_event(version=1) for _ in range(3)]
        subscription = await other.watch(EventFilter(frozenset(task.id for task in tasks)))
        for version in range(1, 51):
            await feed.emit([task._replace(version=version) for task in tasks])
        events = await heard(subscription, 150)
        for task in tasks:
            assert [event.version for event in events if event.id == task.id] == list(range(1, 51))

    @scenario
    async def test_every_condition_must_hold(self, feed: Feed, other: Feed) -> None:
        event = an_event()
        elsewhere, otherwise = event._replace(id=str(uuid4()), queue="x"), event._replace(task_type="else")
        queue, task_type = frozenset({event.queue}), frozenset({event.task_type})
        subscription = await other.watch(EventFilter(frozenset({event.id, elsewhere.id}), queue, task_type))
        await feed.emit([elsewhere, otherwise, event._replace(id=str(uuid4())), event._replace(at=AT + 1)])
        assert await heard(subscription, 1) == [event._replace(at=AT + 1)]
        assert await subscription.next(SOON) == []

    @scenario
    async def test_names_may_hold_anything_that_prints(self, feed: Feed, other: Feed) -> None:
        for name in ("a.b", "*", "#", "a b", "[x]?", "ünïcödé 漢字", "%2E", "q" * 128, "漢" * 128, "\\"):
            event = an_event(queue=f"{name[:91]}{uuid4()}", task_type=name)
            subscriptions = [
                await other.watch(EventFilter(queues=frozenset({event.queue}))),
                await other.watch(EventFilter(queues=frozenset({event.queue}), task_types=frozenset({name}))),
            ]
            await feed.emit([event._replace(queue="elsewhere"), event])
            for subscription in subscriptions:
                assert await heard(subscription, 1) == [event]
                subscription.close()

    @scenario
    async def test_all_are_watched_where_nothing_is_said(self, feed: Feed, other: Feed) -> None:
        events = [an_event(), an_event(State.READY)]
        subscription = await other.watch(EventFilter())
        await feed.emit(events)
        ids = {event.id for event in events}
        found: list[TaskEvent] = []
        while len(found) < 2:
            found += [event for event in await heard(subscription, 1) if event.id in ids]
        assert set(found) == set(events)

    @scenario
    async def test_every_watcher_hears(self, feed: Feed, other: Feed) -> None:
        event = an_event()
        by_id, by_queue = EventFilter(frozenset({event.id})), EventFilter(queues=frozenset({event.queue}))
        subscriptions = [await one.watch(where) for one in (feed, other) for where in (by_id, by_queue, by_id)]
        await other.emit([event])
        assert [await heard(subscription, 1) for subscription in subscriptions] == [[event]] * 6

    @scenario
    async def test_who_closed_keeps_nobody_from_hearing(self, feed: Feed, other: Feed) -> None:
        event = an_event()
        where = EventFilter(frozenset({event.id}))
        gone, stays = await other.watch(where), await other.watch(where)
        gone.close()
        gone.close()
        await feed.emit([event])
        assert await heard(stays, 1) == [event]
        with pytest.raises(FeedUnavailable):
            await gone.next(0)

    @scenario
    async def test_silence_ends_with_the_timeout(self, feed: Feed) -> None:
        subscription = await feed.watch(EventFilter(frozenset({str(uuid4())})))
        assert await subscription.next(0.01) == []

    @scenario
    async def test_a_cancelled_wait_loses_nothing(self, feed: Feed) -> None:
        event = an_event()
        subscription = await feed.watch(EventFilter(frozenset({event.id})))
        waiting = asyncio.create_task(subscription.next(LONG))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        await feed.emit([event])
        assert await heard(subscription, 1) == [event]

    @scenario
    async def test_a_slow_reader_loses_the_oldest_and_is_told(self, feed: Feed, other: Feed) -> None:
        event = an_event()
        subscription = await other.watch(EventFilter(frozenset({event.id})))
        quick = await other.watch(EventFilter(frozenset({event.id})))
        last = AT + MANY - 1
        for start in range(0, MANY, 500):
            await feed.emit([event._replace(at=AT + at) for at in range(start, start + 500)])
            while (await heard(quick, 1))[-1].at < AT + start + 499:
                pass
        kept = await subscription.next(0)
        assert kept[-1].at == last
        assert len(kept) < MANY
        assert subscription.lost >= MANY - len(kept)
        assert [one.at for one in kept] == sorted(one.at for one in kept)

    @scenario
    async def test_a_stale_event_does_not_come_after_a_fresh_one(self, feed: Feed, other: Feed) -> None:
        stale = an_event(State.RUNNING, 2)
        fresh = stale._replace(state=State.SUCCEEDED, version=3)
        subscription = await feed.watch(EventFilter(frozenset({stale.id})))
        await feed.emit([fresh])
        assert await heard(subscription, 1) == [fresh]
        await other.emit([stale, progressed(stale, 0.5, 9)])
        assert await subscription.next(SOON) == []


class Remembers(FeedCase):
    remembers = True
    """Whether `latest` must know what was just told; False: the feed has no cache."""

    async def latest(self, feed: Feed, fresh: TaskEvent) -> None:
        """It is the freshest, or nothing."""
        found = (await feed.latest([fresh.id])).get(fresh.id)
        assert found == fresh or (found is None and not self.remembers)

    @scenario
    async def test_the_latest_state_and_progress_are_known(self, feed: Feed, other: Feed) -> None:
        first, second = an_event(State.READY, 1), an_event()
        half = progressed(second, 0.5, 1)
        await feed.emit([first, second, half])
        await self.latest(other, first)
        await self.latest(other, half)
        assert set(await other.latest([first.id, second.id, str(uuid4())])) <= {first.id, second.id}

    @scenario
    async def test_nobody_asks_for_nothing(self, feed: Feed) -> None:
        assert await feed.latest([]) == {}
        await feed.emit([])
        await feed.remember([])

    @scenario
    async def test_fresh_beats_stale_whatever_came_first(self, feed: Feed) -> None:
        running = an_event()
        events = [running, progressed(running, 0.1, 1), progressed(running, 0.9, 2)]
        events.append(running._replace(state=State.SUCCEEDED, version=3))
        for order in (events[::-1], events, [events[i] for i in (2, 0, 3, 1)]):
            id = str(uuid4())
            for event in order:
                await feed.emit([event._replace(id=id)])
            await self.latest(feed, events[-1]._replace(id=id))
            id = str(uuid4())
            await feed.emit([event._replace(id=id) for event in order])
            await self.latest(feed, events[-1]._replace(id=id))

    @scenario
    async def test_fresh_beats_stale_from_two_writers(self, feed: Feed, other: Feed) -> None:
        running = an_event()
        steps = [progressed(running, 0.01 * at, at) for at in range(40)]
        await asyncio.gather(*(one.emit([step]) for step in steps for one in (feed, other)), feed.emit(steps[::-1]))
        await self.latest(feed, steps[-1])
        ended = running._replace(state=State.CANCELLED, version=3)
        await other.emit([ended])
        await feed.emit(steps)
        await self.latest(feed, ended)
        await self.latest(other, ended)

    @scenario
    async def test_a_retry_is_fresher_than_the_end(self, feed: Feed, other: Feed) -> None:
        failed = an_event(State.FAILED, 3)
        again = failed._replace(state=State.READY, version=4)
        await feed.emit([failed])
        await other.emit([again])
        await self.latest(feed, again)

    @scenario
    async def test_log_lines_are_not_remembered(self, feed: Feed) -> None:
        running = an_event()
        await feed.emit([running, running._replace(kind="log", line='{"message":"x"}', at=AT + 5)])
        await self.latest(feed, running)

    @scenario
    async def test_what_is_remembered_is_told_to_nobody(self, feed: Feed, other: Feed) -> None:
        ended = an_event(State.SUCCEEDED, 3)
        subscription = await other.watch(EventFilter(frozenset({ended.id})))
        await feed.remember([ended])
        await feed.remember([ended._replace(state=State.RUNNING, version=2)])
        await self.latest(other, ended)
        assert await subscription.next(SOON) == []


class Lives(FeedCase):
    @scenario
    async def test_there_and_back(self, feed: Feed) -> None:
        await feed.ping()

    @scenario
    async def test_closing_ends_those_who_watch(self, runner: asyncio.Runner) -> None:
        feed = self.make_feed()
        event = an_event()
        subscription = await feed.watch(EventFilter(frozenset({event.id})))
        waiting = asyncio.create_task(subscription.next(None))
        await asyncio.sleep(0)
        await feed.close()
        with pytest.raises(FeedUnavailable):
            await asyncio.wait_for(waiting, LONG)
        subscription.close()
        await feed.close()


class FeedSuite(Watches, Remembers, Lives):
    """All of it."""
