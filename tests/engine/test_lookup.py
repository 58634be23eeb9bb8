"""A status comes from the cache only where that knows enough."""

import pytest

from taskmill.core import machine
from taskmill.core.errors import NotFound
from taskmill.core.ids import uuid7
from taskmill.core.state import State
from taskmill.core.task import Task
from taskmill.engine.live.events import state_event
from taskmill.engine.live.lookup import StatusLookup, get_task
from taskmill.feeds.memory import MemoryFeed
from taskmill.stores.memory import MemoryStore
from taskmill.testing.conformance.case import a_task


class Looked:
    """A stored task, a cache, and how often the store was read."""

    def __init__(self) -> None:
        self.store, self.cache, self.task = MemoryStore(), MemoryFeed(), a_task(run_at=0)
        self.reads = 0
        self.lookup = StatusLookup(self.cache, self.get)
        self.without = StatusLookup(None, self.get)

    @property
    def id(self) -> str:
        return self.task.spec.id

    async def get(self, id: str) -> Task:
        self.reads += 1
        return await get_task(self.store, id)

    async def state(self, seen: int = 0) -> tuple[State, bool]:
        event, cached = await self.lookup.status(self.id, seen)
        return event.state, cached


@pytest.fixture
async def looked() -> Looked:
    looked = Looked()
    await looked.store.add([looked.task])
    return looked


async def test_the_store_is_read_once_and_the_cache_remembers(looked: Looked) -> None:
    assert [await looked.state() for _ in range(2)] == [(State.READY, False), (State.READY, True)]
    assert looked.reads == 1


async def test_a_cache_that_is_behind_what_was_seen_is_not_believed(looked: Looked) -> None:
    await looked.cache.emit([state_event(looked.task, 5)._replace(state=State.RUNNING)])
    assert await looked.state(seen=1) == (State.RUNNING, True)
    assert await looked.state(seen=2) == (State.READY, False)


async def test_nor_one_that_denies_an_end_that_was_noted(looked: Looked) -> None:
    await looked.cache.emit([state_event(looked.task, 5)])
    looked.lookup.note_final(looked.task)  # it is not final
    assert await looked.state() == (State.READY, True)
    looked.lookup.note_final(Task(looked.task.spec, machine.cancel(looked.task.head, 5)))
    assert await looked.state() == (State.READY, False)


async def test_without_a_cache_the_store_is_read_each_time(looked: Looked) -> None:
    assert [(await looked.without.status(looked.id)).cached for _ in range(2)] == [False, False]
    assert looked.reads == 2


async def test_a_task_that_is_not_there(looked: Looked) -> None:
    for lookup in (looked.lookup, looked.without):
        with pytest.raises(NotFound, match="there is no task"):
            await lookup.status(uuid7())
