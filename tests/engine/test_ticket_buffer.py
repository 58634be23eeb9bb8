"""The ticket buffer by itself, on a broker that does what the test says."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest

from taskmill.brokers.contract import OnLost, OnMessage
from taskmill.brokers.packing import MOST
from taskmill.core.errors import BrokerUnavailable
from taskmill.core.task import Ticket
from taskmill.engine.worker.settings import WorkerTimings
from taskmill.engine.worker.tickets import TicketBuffer

QUICK = WorkerTimings(idle_timeout=0.02, sorting_delay=0.0, sorting_window=0.0)


@dataclass(eq=False)
class Delivered:
    ids: Sequence[str]
    queue: str = "q"
    priority: int = 2
    ended: str = ""

    def ack(self) -> None:
        assert not self.ended
        self.ended = "ack"

    def nack(self) -> None:
        assert not self.ended
        self.ended = "nack"


@dataclass
class Scripted:
    """Broker and consumer in one."""

    location: str = "scripted"
    away: bool = False
    wants: list[int] = field(default_factory=list)
    announced: list[tuple[list[str], int]] = field(default_factory=list)
    pokes: int = 0
    poked: asyncio.Event = field(default_factory=asyncio.Event)

    async def announce(self, tickets: Sequence[Ticket], per_message: int = MOST) -> None:
        if self.away:
            raise BrokerUnavailable("away")
        self.announced.append(([ticket.id for ticket in tickets], per_message))

    def consume(self, queues: Collection[str], on_message: OnMessage, on_lost: OnLost) -> "Scripted":
        self.on_message, self.on_lost = on_message, on_lost
        return self

    def serve(self, queues: Collection[str]) -> None:
        pass

    def want(self, tickets: int) -> None:
        self.wants.append(tickets)

    async def ping(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def poke(self) -> None:
        self.pokes += 1
        self.poked.set()

    def deliver(self, *ids: str, priority: int = 2, queue: str = "q") -> Delivered:
        message = Delivered(ids, queue, priority)
        self.on_message(message)
        return message


@pytest.fixture
async def broker() -> Scripted:
    return Scripted()


def buffer_of(broker: Scripted, capacity: int = 100, timings: WorkerTimings = QUICK) -> TicketBuffer:
    return TicketBuffer(broker, ["q"], capacity, broker.poke, timings)


async def test_a_message_is_acknowledged_when_all_its_tickets_are_claimed(broker: Scripted) -> None:
    buffer = buffer_of(broker)
    assert buffer.take(2) == []
    message = broker.deliver("a", "b", "c")
    assert buffer.take(2) == ["a", "b"]
    buffer.claimed()
    assert not message.ended
    assert buffer.take(2) == ["c"]
    buffer.claimed()
    assert message.ended == "ack"  # type: ignore[comparison-overlap]


async def test_more_are_fetched_when_nothing_is_here_and_not_twice(broker: Scripted) -> None:
    buffer = buffer_of(broker)
    buffer.take(5)
    buffer.take(5)
    assert broker.wants == [5]
    broker.deliver("a")
    assert broker.pokes == 1
    buffer.take(5)
    assert broker.wants == [5], "not beside a claim"
    buffer.claimed()
    buffer.take(4)
    assert broker.wants == [5, 4]


async def test_tickets_that_come_while_a_claim_is_under_way_are_claimed_next(broker: Scripted) -> None:
    buffer = buffer_of(broker)
    buffer.take(5)
    broker.deliver("normal")
    assert buffer.take(5) == ["normal"]
    broker.deliver("low", priority=3)
    broker.deliver("high", priority=1)
    buffer.claimed()
    assert buffer.take(5) == ["high"], "one lane at a time"
    assert buffer.take(4) == ["low"]


async def test_the_first_after_a_rest_wait_for_others(broker: Scripted) -> None:
    buffer = buffer_of(broker, timings=WorkerTimings(sorting_delay=0.01))
    buffer.take(5)
    broker.deliver("low", priority=3)
    assert (buffer.take(5), broker.pokes) == ([], 0)
    broker.deliver("high", priority=1)
    await asyncio.wait_for(broker.poked.wait(), 5)
    assert buffer.take(5) + buffer.take(4) == ["high", "low"]
    buffer.claimed()
    buffer.take(5)
    broker.deliver("later")
    assert buffer.take(5) == ["later"], "it was not there during the rest"


async def test_the_first_after_a_rest_are_claimed_although_the_clock_stands(
    broker: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timer may fire a little before its time: uvloop's clock goes by milliseconds, asyncio's by nanoseconds."""
    loop = asyncio.get_running_loop()
    now = loop.time()
    monkeypatch.setattr(loop, "time", lambda: now)
    buffer = buffer_of(broker, timings=WorkerTimings(sorting_delay=5e-10))
    buffer.take(5)
    broker.deliver("a")
    await broker.poked.wait()
    assert buffer.take(5) == ["a"]


async def test_a_claim_that_failed_comes_first_again(broker: Scripted) -> None:
    buffer = buffer_of(broker)
    buffer.take(9)
    one, other = broker.deliver("a", "b", "c"), broker.deliver("d")
    assert buffer.take(2) == ["a", "b"]
    buffer.failed()
    assert buffer.take(9) == ["a", "b", "c", "d"]
    buffer.failed()
    assert buffer.take(9) == ["a", "b", "c", "d"]
    buffer.claimed()
    assert (one.ended, other.ended) == ("ack", "ack")


async def test_what_nobody_has_room_for_goes_back(broker: Scripted) -> None:
    buffer = buffer_of(broker)
    buffer.take(2)
    part, whole = broker.deliver("a", "b", "c"), broker.deliver("d")
    buffer.take(2)
    buffer.claimed()
    buffer.take(0)
    await asyncio.sleep(0.1)
    assert broker.wants == [2, 0]
    assert (part.ended, whole.ended, broker.announced) == ("ack", "nack", [(["c"], 2)])
    assert len(buffer) == 0
    buffer.take(1)
    assert broker.wants == [2, 0, 1]


async def test_a_worker_that_waits_keeps_on_waiting(broker: Scripted) -> None:
    buffer = buffer_of(broker)
    buffer.take(2)
    broker.deliver("a")
    buffer.take(2)
    buffer.claimed()
    buffer.take(2)
    await asyncio.sleep(0.1)
    assert 0 not in broker.wants


async def test_a_rest_that_cannot_be_announced_goes_back_with_its_message(broker: Scripted) -> None:
    buffer = buffer_of(broker)
    buffer.take(2)
    message = broker.deliver("a", "b", "c", "d", "e")
    broker.away = True
    assert buffer.take(4) == ["a", "b", "c", "d"]
    await asyncio.sleep(0.01)
    assert not message.ended, "its claims are under way"
    buffer.claimed()
    assert message.ended == "nack"  # type: ignore[comparison-overlap]


async def test_no_more_than_the_capacity(broker: Scripted) -> None:
    buffer = buffer_of(broker, capacity=3)
    buffer.take(10)
    first = broker.deliver("a", "b")
    assert buffer.take(10) == ["a", "b"]
    second, third = broker.deliver("c", "d"), broker.deliver("e")
    assert broker.wants[-1] == 0
    assert third.ended == "nack"
    assert buffer.take(10) == ["c"]
    await asyncio.sleep(0)
    buffer.claimed()
    assert (first.ended, second.ended, broker.announced) == ("ack", "ack", [(["d"], 1)])


async def test_no_more_of_a_message_than_twice_what_was_wanted(broker: Scripted) -> None:
    buffer = buffer_of(broker)
    buffer.take(3)
    broker.deliver(*(str(number) for number in range(100)))
    await asyncio.sleep(0)
    assert len(buffer) == 6
    [(rest, per_message)] = broker.announced
    assert (len(rest), per_message) == (94, 6)


async def test_what_was_lost_with_the_connection_is_forgotten(broker: Scripted) -> None:
    buffer = buffer_of(broker)
    buffer.take(2)
    message = broker.deliver("a", "b", "c", "d")
    assert buffer.take(2) == ["a", "b"]
    broker.on_lost()
    buffer.claimed()
    assert (len(buffer), message.ended) == (0, "")
    assert buffer.take(2) == []
    assert broker.wants == [2, 2]


async def test_tickets_of_a_queue_that_is_not_served_any_more_go_back(broker: Scripted) -> None:
    buffer = buffer_of(broker)
    buffer.serve(["q", "other"])
    buffer.take(5)
    gone, stays = broker.deliver("a"), broker.deliver("b", queue="other")
    buffer.serve(["other"])
    assert (gone.ended, stays.ended) == ("nack", "")
    assert buffer.take(5) == ["b"]
