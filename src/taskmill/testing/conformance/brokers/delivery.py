"""broker/announce, broker/consume: at least once, until it is acknowledged."""

import asyncio

import pytest

from taskmill.brokers.contract import Broker
from taskmill.core.errors import BrokerUnavailable
from taskmill.testing.conformance.brokers.case import (
    CAPACITY,
    BrokerCase,
    Inbox,
    TicketWorker,
    a_ticket,
    ids_of,
    nothing_left,
    some_tickets,
    tickets_of,
)
from taskmill.testing.conformance.loops import scenario

ODD_NAMES = [
    "two words",
    " space around ",
    "dots.in.it",
    "#",
    "*",
    "a.*.#",
    "a/b\\c",
    "{braces}",
    "a:b:c",
    "100%25",
    "grüße ☃ 你好",
    "x" * 128,
    "☃" * 128,
    "🧪" * 127 + ".",
    "'; DROP TABLE tasks; --",
]


class Delivery(BrokerCase):
    @scenario
    async def test_what_was_announced_before_anybody_came(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 3)
        await broker.announce(tickets)
        assert set(await Inbox(broker, [queue]).acked(3)) == set(tickets)

    @scenario
    async def test_what_is_announced_while_somebody_waits(self, broker: Broker, queue: str) -> None:
        inbox, ticket = Inbox(broker, [queue]), a_ticket(queue)
        await asyncio.sleep(0)
        await broker.announce([ticket])
        assert await inbox.acked(1) == [ticket]

    @scenario
    async def test_nothing_announced(self, broker: Broker, queue: str) -> None:
        await broker.announce([])
        await nothing_left(broker, queue)

    @scenario
    async def test_nothing_comes_before_it_is_wanted(self, broker: Broker, queue: str) -> None:
        idle, inbox, ticket = Inbox(broker, [queue], 0), Inbox(broker, [queue]), a_ticket(queue)
        await broker.announce([ticket])
        assert await inbox.acked(1) == [ticket]
        assert idle.messages == []

    @scenario
    async def test_messages_of_so_many_tickets(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 20)
        await broker.announce(tickets, 3)
        inbox, found = Inbox(broker, [queue]), set[str]()
        while len(found) < len(tickets):
            for message in await inbox.next():
                assert 1 <= len(message.ids) <= 3
                found.update(message.ids)
                message.ack()
        assert found == set(ids_of(tickets))

    @scenario
    async def test_acknowledged_is_never_delivered_again(self, broker: Broker, queue: str) -> None:
        inbox, ticket = Inbox(broker, [queue]), a_ticket(queue)
        await broker.announce([ticket])
        assert await inbox.acked(1) == [ticket]
        await inbox.consumer.close()
        await nothing_left(broker, queue)

    @scenario
    async def test_what_was_not_ended_when_it_closed_goes_to_another(self, broker: Broker, queue: str) -> None:
        inbox, tickets = Inbox(broker, [queue], 2), some_tickets(queue, 5)
        await broker.announce(tickets, 2)
        assert await inbox.next()
        await inbox.consumer.close()
        assert set(await Inbox(broker, [queue]).acked(5)) == set(tickets)

    @scenario
    async def test_ends_after_the_close_do_no_harm(self, broker: Broker, queue: str) -> None:
        inbox, tickets = Inbox(broker, [queue]), some_tickets(queue, 2)
        await broker.announce(tickets, 1)
        first, *more = await inbox.next()
        second, *_ = more or await inbox.next()
        await inbox.consumer.close()
        await inbox.consumer.close()
        first.ack()
        second.nack()
        assert set(await Inbox(broker, [queue]).acked(2)) == set(tickets)

    @scenario
    async def test_returned_is_delivered_again(self, broker: Broker, queue: str) -> None:
        inbox, ticket = Inbox(broker, [queue]), a_ticket(queue)
        await broker.announce([ticket])
        for _ in range(3):
            [message] = await inbox.next()
            assert tickets_of(message) == [ticket]
            message.nack()
        assert await inbox.acked(1) == [ticket]
        await inbox.consumer.close()
        await nothing_left(broker, queue)

    @scenario
    async def test_returned_may_go_to_another(self, broker: Broker, queue: str) -> None:
        busy, ticket = Inbox(broker, [queue]), a_ticket(queue)
        await broker.announce([ticket])
        [message] = await busy.next()
        busy.consumer.want(0)
        idle = Inbox(broker, [queue])
        message.nack()
        while True:  # it may come back to the first, which has just wanted it
            if idle.messages:
                break
            for again in busy.messages:
                again.nack()
            busy.messages.clear()
            await asyncio.sleep(0.01)
        assert await idle.acked(1) == [ticket]

    @scenario
    async def test_to_want_now_and_then_loses_nothing(self, broker: Broker, queue: str) -> None:
        inbox, tickets = Inbox(broker, [queue], 0), some_tickets(queue, 60)
        for number, ticket in enumerate(tickets):
            inbox.consumer.want(CAPACITY)
            await broker.announce([ticket])
            await asyncio.sleep(number % 6 / 2000)
            inbox.consumer.want(0)
        inbox.wanted = CAPACITY
        inbox.consumer.want(CAPACITY)
        assert set(await inbox.acked(len(tickets))) == set(tickets)

    @scenario
    async def test_close_while_it_waits(self, broker: Broker, queue: str) -> None:
        inbox, ticket = Inbox(broker, [queue]), a_ticket(queue)
        await asyncio.sleep(0)
        await inbox.consumer.close()
        await broker.announce([ticket])
        assert await Inbox(broker, [queue]).acked(1) == [ticket]
        assert inbox.messages == []

    @scenario
    async def test_many(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 5000)
        worker = TicketWorker(broker, [queue], 1000)
        claiming = asyncio.create_task(worker.all_claimed(len(tickets), 500))
        for start in range(0, len(tickets), 1000):
            await broker.announce(tickets[start : start + 1000])
        assert await claiming == set(ids_of(tickets))
        await worker.close()
        await nothing_left(broker, queue)

    @scenario
    async def test_many_one_by_one(self, broker: Broker, queue: str) -> None:
        tickets = some_tickets(queue, 300)
        for start in range(0, len(tickets), 50):
            await asyncio.gather(*(broker.announce([ticket]) for ticket in tickets[start : start + 50]))
        assert set(await Inbox(broker, [queue]).acked(len(tickets))) == set(tickets)

    @scenario
    async def test_ping(self, broker: Broker) -> None:
        await broker.ping()
        await broker.ping()

    @scenario
    async def test_a_closed_broker_takes_and_delivers_nothing(self, broker: Broker, queue: str) -> None:
        inbox = Inbox(broker, [queue])
        await asyncio.sleep(0)
        await broker.close()
        with pytest.raises(BrokerUnavailable):
            await broker.announce([a_ticket(queue)])
        assert inbox.messages == []

    # --- queues

    @scenario
    async def test_each_comes_with_its_queue_and_priority(self, broker: Broker, queue: str) -> None:
        queues = [queue, f"{queue}.high", f"{queue}.high.low"]
        tickets = [a_ticket(name, priority) for name in queues for priority in (1, 2, 3) for _ in range(2)]
        await broker.announce(tickets)
        assert set(await Inbox(broker, queues).acked(len(tickets))) == set(tickets)

    @scenario
    async def test_only_the_queues_served(self, broker: Broker, queue: str) -> None:
        other = f"{queue} too"
        mine, others = a_ticket(queue), a_ticket(other)
        await broker.announce([others, mine])
        assert await Inbox(broker, [queue]).acked(1) == [mine]
        assert await Inbox(broker, [other]).acked(1) == [others]

    @scenario
    async def test_a_queue_served_later(self, broker: Broker, queue: str) -> None:
        inbox, ticket = Inbox(broker, []), a_ticket(queue)
        await broker.announce([ticket])
        inbox.consumer.serve([queue])
        assert await inbox.acked(1) == [ticket]

    @scenario
    async def test_a_queue_not_served_any_more(self, broker: Broker, queue: str) -> None:
        other = f"{queue} too"
        inbox = Inbox(broker, [queue, other])
        await broker.announce(some_tickets(queue, 2))
        [message] = await inbox.next()
        inbox.consumer.serve([other])
        message.ack()
        mine, others = a_ticket(other), a_ticket(queue)
        await broker.announce([others, mine])
        assert await inbox.acked(1) == [mine]
        assert await Inbox(broker, [queue]).acked(1) == [others]

    @pytest.mark.parametrize("name", ODD_NAMES, ids=range(len(ODD_NAMES)))
    @scenario
    async def test_any_name_of_a_queue(self, broker: Broker, name: str) -> None:
        inbox, ticket = Inbox(broker, [name]), a_ticket(name)
        await broker.announce([ticket])
        while ticket not in await inbox.acked(1):  # other tests may have left some
            continue
