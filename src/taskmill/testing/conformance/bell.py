"""store/bell: best effort, but on one machine with nothing wrong it is heard."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from taskmill.stores.contract import Store
from taskmill.testing.conformance.case import StoreCase, scenario

T = TypeVar("T")
LONG = 10.0


class Ringing(StoreCase):
    @scenario
    async def test_a_waiter_is_woken(self, store: Store) -> None:
        ear = store.bell.listen("ready", "final")
        waiting = asyncio.create_task(ear.wait(LONG))
        await asyncio.sleep(0)
        store.bell.ring("ready", ["a"])
        assert await waiting == [("ready", "a")]
        ear.close()

    @scenario
    async def test_what_was_rung_before_the_wait_is_heard(self, store: Store) -> None:
        ear = store.bell.listen("final")
        store.bell.ring("final", ["1", "2"])
        store.bell.ring("final", ["3"])
        assert await ear.wait(LONG) == [("final", "1"), ("final", "2"), ("final", "3")]
        assert await ear.wait(0) == []
        ear.close()

    @scenario
    async def test_a_topic_without_items(self, store: Store) -> None:
        ear = store.bell.listen("due")
        store.bell.ring("due", ())
        assert [topic for topic, _ in await ear.wait(LONG)] == ["due"]
        ear.close()

    @scenario
    async def test_other_topics_are_not_heard(self, store: Store) -> None:
        ear = store.bell.listen("cancel")
        store.bell.ring("ready", ["a"])
        store.bell.ring("cancel", ["1"])
        assert await ear.wait(LONG) == [("cancel", "1")]
        ear.close()

    @scenario
    async def test_every_ear_hears(self, store: Store) -> None:
        ears = [store.bell.listen("cancel") for _ in range(3)]
        store.bell.ring("cancel", ["1"])
        assert await asyncio.gather(*(ear.wait(LONG) for ear in ears)) == [[("cancel", "1")]] * 3
        for ear in ears:
            ear.close()

    @scenario
    async def test_silence_ends_with_the_timeout(self, store: Store) -> None:
        ear = store.bell.listen("ready")
        begin = time.monotonic()
        assert await ear.wait(0.02) == []
        assert time.monotonic() - begin >= 0.015
        ear.close()

    @scenario
    async def test_a_cancelled_wait_loses_nothing(self, store: Store) -> None:
        ear = store.bell.listen("final")
        waiting = asyncio.create_task(ear.wait(LONG))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        store.bell.ring("final", ["1"])
        assert await ear.wait(LONG) == [("final", "1")]
        ear.close()

    @scenario
    async def test_a_closed_ear_is_rung_without_harm(self, store: Store) -> None:
        store.bell.listen("final").close()
        store.bell.ring("final", ["1"])


class Loopless(StoreCase):
    """For stores that work without an event loop, as those made for threads do."""

    def test_a_wait_without_an_event_loop(self, store: Store) -> None:
        ear = store.bell.listen("final")
        store.bell.ring("final", ["1"])
        assert without_loop(ear.wait(LONG)) == [("final", "1")]
        assert without_loop(ear.wait(0.01)) == []
        ear.close()


def without_loop(wait: Coroutine[Any, Any, T]) -> T:
    """It must not suspend, for nobody could go on with it."""
    with pytest.raises(StopIteration) as end:
        wait.send(None)
    value: T = end.value.value
    return value
