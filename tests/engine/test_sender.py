"""What is to be told elsewhere: at once when it is alone, together when it streams, dropped when it can't be told."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from taskmill.core.errors import BrokerUnavailable
from taskmill.engine import sender as outgoing
from taskmill.engine.sender import BackgroundSender


class Wire:
    def __init__(self) -> None:
        self.sent: list[list[int]] = []
        self.news = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.fails = False

    async def send(self, items: Sequence[int]) -> None:
        await self.open.wait()
        if self.fails:
            raise BrokerUnavailable("away")
        self.sent.append(list(items))
        self.news.set()

    async def when(self, count: int) -> None:
        async with asyncio.timeout(5):
            while sum(map(len, self.sent)) < count:
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def wire() -> Wire:
    return Wire()


async def test_a_lone_one_goes_at_once(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "GATHER", 3600.0)
    told = BackgroundSender(wire.send)
    for number in range(outgoing.BURST):
        told.put([number])
        await wire.when(number + 1)
        await asyncio.sleep(0)  # its sender ends
    assert wire.sent == [[number] for number in range(outgoing.BURST)]


async def test_a_stream_is_gathered(wire: Wire) -> None:
    told = BackgroundSender(wire.send)
    for number in range(2000):
        told.put([number])
        await asyncio.sleep(0)
    await wire.when(2000)
    assert [number for some in wire.sent for number in some] == list(range(2000))
    assert len(wire.sent) < 200


async def test_what_was_put_before_the_end_is_sent(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "BURST", 1)
    monkeypatch.setattr(outgoing, "GATHER", 0.05)
    told = BackgroundSender(wire.send)
    told.put([1])
    await wire.when(1)
    told.put([2])
    await asyncio.sleep(0)
    told.put([3])
    await told.close()
    assert wire.sent == [[1], [2, 3]]


async def test_from_any_thread(wire: Wire) -> None:
    told = BackgroundSender(wire.send)
    threads = [threading.Thread(target=lambda: [told.put([1]) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    await wire.when(800)
    for thread in threads:
        thread.join()


async def test_what_cannot_be_told_is_dropped_and_the_next_is_told_again(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "BACK_OFF", 0.01)
    told = BackgroundSender(wire.send)
    wire.open.clear()
    wire.fails = True
    told.put([1])
    await asyncio.sleep(0)
    told.put([2])
    wire.open.set()
    await told.close()
    wire.fails = False
    told.put([3])
    await wire.when(1)
    assert wire.sent == [[3]]


async def test_the_oldest_goes_when_there_is_too_much(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "LIMIT", 10)
    told = BackgroundSender(wire.send)
    told.put(range(15))
    await wire.when(10)
    assert wire.sent == [list(range(5, 15))]
