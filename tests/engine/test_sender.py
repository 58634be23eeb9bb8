"""What goes elsewhere: at once when it is alone, together when it streams, dropped when it can't be sent."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from taskmill.core.errors import BrokerUnavailable
from taskmill.engine.sender import BackgroundSender, SenderSettings


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


async def test_a_lone_one_goes_at_once(wire: Wire) -> None:
    settings = SenderSettings(interval=3600.0)
    sender = BackgroundSender(wire.send, settings)
    for number in range(settings.burst):
        sender.put([number])
        await wire.when(number + 1)
        await asyncio.sleep(0)  # its sender ends
    assert wire.sent == [[number] for number in range(settings.burst)]


async def test_a_stream_is_gathered(wire: Wire) -> None:
    sender = BackgroundSender(wire.send)
    for number in range(2000):
        sender.put([number])
        await asyncio.sleep(0)
    await wire.when(2000)
    assert [number for some in wire.sent for number in some] == list(range(2000))
    assert len(wire.sent) < 200


async def test_what_was_put_before_the_end_is_sent(wire: Wire) -> None:
    sender = BackgroundSender(wire.send, SenderSettings(burst=1, interval=0.05))
    sender.put([1])
    await wire.when(1)
    sender.put([2])
    await asyncio.sleep(0)
    sender.put([3])
    await sender.close()
    assert wire.sent == [[1], [2, 3]]


async def test_from_any_thread(wire: Wire) -> None:
    sender = BackgroundSender(wire.send)

    def put() -> None:
        for _ in range(200):
            sender.put([1])

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    await wire.when(800)
    for thread in threads:
        thread.join()


async def test_what_cannot_be_sent_is_dropped_and_the_next_is_sent_again(wire: Wire) -> None:
    sender = BackgroundSender(wire.send, SenderSettings(failure_pause=0.01))
    wire.open.clear()
    wire.fails = True
    sender.put([1])
    await asyncio.sleep(0)
    sender.put([2])
    wire.open.set()
    await sender.close()
    wire.fails = False
    sender.put([3])
    await wire.when(1)
    assert wire.sent == [[3]]


async def test_the_oldest_goes_when_there_is_too_much(wire: Wire) -> None:
    sender = BackgroundSender(wire.send, SenderSettings(capacity=10))
    sender.put(range(15))
    await wire.when(10)
    assert wire.sent == [list(range(5, 15))]
