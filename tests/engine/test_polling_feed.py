"""The polling feed publishes what has changed, whoever changed it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import pytest

from taskmill.core import machine
from taskmill.core.errors import FeedUnavailable, StoreUnavailable
from taskmill.core.events import TaskEvent
from taskmill.core.state import FINAL, State
from taskmill.core.task import SECOND, Decision, Task
from taskmill.engine.client.control import cancel, retry
from taskmill.engine.live.polling_feed import POLLING_SETTINGS, PollingFeed, PollingSettings, logger
from taskmill.feeds.contract import EventFilter, Subscription
from taskmill.stores.contract import ANY, Beat, ClaimQuery
from taskmill.stores.memory import MemoryStore
from taskmill.stores.open import open_store
from taskmill.testing.conformance.case import a_task
from tests.engine.conftest import Trial
from tests.engine.handlers import add, speaks, waits

LONG = 20


@pytest.fixture
def settings() -> PollingSettings:
    return PollingSettings()


@pytest.fixture
async def feed(mill: Trial, settings: PollingSettings) -> AsyncIterator[PollingFeed]:
    """As in another process, where the store can be opened twice."""
    shared = isinstance(mill.store, MemoryStore)
    store = mill.store if shared else open_store(f"sqlite:///{mill.store.location}", caller="loop")
    await store.open()
    yield (feed := PollingFeed(store, settings))
    await feed.close()
    if not shared:
        await store.close()


async def until(watching: Subscription, *states: State) -> list[TaskEvent]:
    """What is told, up to an event of one of these states."""
    events: list[TaskEvent] = []
    async with asyncio.timeout(LONG):
        while not any(event.state in states for event in events):
            events += await watching.next(None)
    return events


async def test_a_task_is_followed_to_its_end(mill: Trial, feed: PollingFeed) -> None:
    [id] = await mill.add(waits.call(60.0))
    watching = await feed.watch(EventFilter(frozenset({id})))
    async with mill.worker():
        events = await until(watching, State.RUNNING)
        while not any(event.kind == "progress" for event in events):
            events += await watching.next(LONG)
        await cancel(mill.notifier, [id])
        events += await until(watching, State.CANCELLED)
    assert [event.version for event in events] == sorted(event.version for event in events)
    assert {json.loads(event.progress)["note"] for event in events if event.progress} == {"waiting"}
    assert (events[-1].state, events[-1].task_type, events[-1].queue) == (State.CANCELLED, "waits", "default")


async def test_the_log_of_a_task_watched_by_id_comes_before_its_end(mill: Trial, feed: PollingFeed) -> None:
    [id] = await mill.add(speaks.call())
    watching = await feed.watch(EventFilter(frozenset({id})))
    async with mill.worker():
        events = await until(watching, State.SUCCEEDED)
    while events[-1].kind == "log":
        events += await watching.next(LONG)
    said = [json.loads(event.line or "")["message"] for event in events if event.kind == "log"]
    assert said.index("by the context") < said.index("line 0")
    assert (events[-1].kind, events[-1].state) == ("state", State.SUCCEEDED)


async def test_all_of_a_queue_or_type_are_watched(mill: Trial, feed: PollingFeed) -> None:
    [before] = await mill.add(add.call(0, 0))
    everything, typed = await feed.watch(EventFilter()), await feed.watch(EventFilter(task_types=frozenset({"add"})))
    elsewhere = await feed.watch(EventFilter(queues=frozenset({"elsewhere"})))
    [other] = await mill.add(waits.call(0.0))
    async with mill.worker():
        ids = {before, other, *await mill.add(*(add.call(1, n) for n in range(20)))}
        ended: dict[str, set[str]] = {"all": set(), "typed": set()}
        async with asyncio.timeout(LONG):
            while ended["all"] != ids or ended["typed"] != ids - {other}:
                for name, watching in (("all", everything), ("typed", typed)):
                    ended[name] |= {event.id for event in await watching.next(0.05) if event.state in FINAL}
    assert await elsewhere.next(0) == []


async def test_what_was_there_already_is_not_told(mill: Trial, feed: PollingFeed) -> None:
    await mill.add(add.call(1, 2), add.call(3, 4))
    watching = await feed.watch(EventFilter())
    assert await watching.next(4 * POLLING_SETTINGS.minimum_interval) == []
    [id] = await mill.add(add.call(5, 6))
    assert [(event.id, event.state) for event in await watching.next(LONG)] == [(id, State.READY)]


async def test_a_second_watcher_takes_no_change_from_the_first(mill: Trial, feed: PollingFeed) -> None:
    [id] = await mill.add(add.call(1, 2))
    first = await feed.watch(EventFilter(frozenset({id})))
    await mill.store.claim("w", 60 * SECOND, ClaimQuery(1))
    second = await feed.watch(EventFilter(frozenset({id})))
    assert (await first.next(LONG))[-1].state is State.RUNNING
    await cancel(mill.notifier, [id])
    assert (await until(second, State.RUNNING))[-1].id == id


async def test_a_retry_of_an_old_task_is_told_once_it_runs(mill: Trial, feed: PollingFeed) -> None:
    [old] = await mill.add(add.call(1, 2))
    await cancel(mill.notifier, [old])
    for _ in range(POLLING_SETTINGS.newest + 10):
        await mill.add(add.call(1, 2))
    watching = await feed.watch(EventFilter())
    await retry(mill.notifier, [old])
    async with mill.worker(), asyncio.timeout(LONG):
        while not any(event.id == old and event.state is State.SUCCEEDED for event in await watching.next(None)):
            pass


async def test_progress_within_a_version_is_told_in_order(mill: Trial, feed: PollingFeed) -> None:
    task = a_task(run_at=0)
    await mill.store.add([task])
    [claim] = await mill.store.claim("w", 60 * SECOND, ClaimQuery(1))
    watching = await feed.watch(EventFilter(frozenset({task.spec.id})))
    for step in ("0.1", "0.2", "0.3"):
        beat = Beat(task.spec.id, claim.head.version, f'{{"fraction":{step},"note":""}}')
        assert await mill.store.extend("w", [beat], 60 * SECOND) == []
        mill.store.bell.ring("progress", [task.spec.id])
        [event] = await watching.next(LONG)
        assert (event.kind, event.progress, event.version) == ("progress", beat.progress, claim.head.version)


@pytest.mark.parametrize("settings", [PollingSettings(kept=10, rung=5)], ids=["small"])
async def test_memory_is_bounded(mill: Trial, feed: PollingFeed) -> None:
    tasks = [a_task(run_at=0) for _ in range(40)]
    await mill.store.add(tasks)
    watching = await feed.watch(EventFilter(queues=frozenset({"no other"})))
    mill.store.bell.ring("final", [task.spec.id for task in tasks])
    assert await watching.next(LONG) == []  # woken, for some may have been ours
    assert watching.lost == 35
    assert len(feed._seen) <= 11


async def test_rings_that_name_nobody_are_about_all(mill: Trial, feed: PollingFeed) -> None:
    [id] = await mill.add(add.call(1, 2))
    one, every = await feed.watch(EventFilter(frozenset({id}))), await feed.watch(EventFilter())
    await mill.store.claim("w", 60 * SECOND, ClaimQuery(1))
    mill.store.bell.ring("final", [ANY])
    assert (await one.next(LONG))[-1].state is State.RUNNING
    await until(every, State.RUNNING)
    assert (one.lost, every.lost) == (0, 1)


async def test_a_store_that_is_away_is_asked_again(
    mill: Trial, feed: PollingFeed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    [id] = await mill.add(add.call(1, 2))
    watching = await feed.watch(EventFilter(frozenset({id})))
    asked, right = asyncio.Event(), feed._store.get

    async def wrong(ids: Sequence[str]) -> dict[str, Task]:
        asked.set()
        raise StoreUnavailable("gone fishing")

    monkeypatch.setattr(feed._store, "get", wrong)
    await asyncio.wait_for(asked.wait(), LONG)
    with pytest.raises(FeedUnavailable, match="gone fishing"):
        await feed.watch(EventFilter(frozenset({id})))
    monkeypatch.setattr(feed._store, "get", right)
    [claim] = await mill.store.claim("w", 60 * SECOND, ClaimQuery(1))
    assert await mill.store.save([Decision(id, machine.succeed(claim.head, "3", claim.head.run_at))]) == []
    assert (await watching.next(LONG))[-1].state is State.SUCCEEDED
    said = [record.message for record in caplog.records if record.name == logger.name]
    assert said == [
        "the store does not tell what changes, trying again: gone fishing",
        "the store tells again what changes",
    ]


@pytest.mark.parametrize("settings", [PollingSettings(idle_timeout=0.05)], ids=["soon idle"])
async def test_it_listens_only_while_somebody_watches(mill: Trial, feed: PollingFeed) -> None:
    watching = await feed.watch(EventFilter())
    listener = feed._listener
    assert listener is not None
    watching.close()
    await asyncio.wait_for(listener, LONG)
    assert feed._listener is None
    await feed.ping()
    assert await feed.latest(["x"]) == {}
