"""The store's tail on PostgreSQL, where whoever changes a task is on another connection."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from taskmill.core.state import FINAL, State
from taskmill.core.task import SECOND
from taskmill.engine.client.control import cancel
from taskmill.engine.live.polling_feed import PollingFeed
from taskmill.engine.notifier import Notifier
from taskmill.feeds.contract import EventFilter
from taskmill.stores.contract import ClaimQuery, Store
from taskmill.stores.open import open_store
from taskmill.testing.conformance.case import a_task

LONG = 20


@pytest.fixture
async def stores(postgres_url: str) -> AsyncIterator[list[Store]]:
    stores = [open_store(postgres_url, caller="loop") for _ in range(2)]
    for store in stores:
        await store.open()
    yield stores
    for store in stores:
        await store.close()


async def test_one_task_and_all_tasks(stores: list[Store]) -> None:
    store, other = stores
    feed, task = PollingFeed(other), a_task(run_at=0)
    await store.add([task])
    one, every = await feed.watch(EventFilter(frozenset({task.spec.id}))), await feed.watch(EventFilter())
    later = a_task(run_at=0, queue="later")
    await store.add([later])
    await store.claim("w", 60 * SECOND, ClaimQuery(1, ids=[task.spec.id]))
    assert (await one.next(LONG))[-1].state is State.RUNNING
    await cancel(Notifier(store), [later.spec.id])
    seen = set()
    async with asyncio.timeout(LONG):
        while (later.spec.id, State.CANCELLED) not in seen:
            seen |= {(event.id, event.state) for event in await every.next(None)}
    assert (task.spec.id, State.RUNNING) in seen
    assert not any(state in FINAL for id, state in seen if id == task.spec.id)
    await feed.ping()
    await feed.close()
