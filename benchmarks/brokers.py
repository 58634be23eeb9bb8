"""What a broker carries: `python -m benchmarks.brokers amqp://…` (or redis://…, memory://)."""

import asyncio
import sys
import time
from uuid import uuid4

from taskmill.brokers.contract import Broker
from taskmill.brokers.open import open_broker
from taskmill.core.task import Ticket
from taskmill.testing.conformance.brokers.case import TicketWorker

TICKETS, AT_A_TIME, ALONE, LONE = 100_000, 1000, 3000, 300
ROOM = 500


async def main(url: str) -> None:
    broker, queue = open_broker(url), f"bench {uuid4()}"
    tickets = [Ticket(str(uuid4()), queue, 2) for _ in range(TICKETS)]
    worker = TicketWorker(broker, [queue], ROOM)
    await broker.announce(tickets[:1])
    await take(worker, 1)
    begin = time.perf_counter()
    for start in range(0, TICKETS, AT_A_TIME):
        await broker.announce(tickets[start : start + AT_A_TIME])
    print(f"announced, {AT_A_TIME} at a time       {TICKETS / (time.perf_counter() - begin):10,.0f} tickets/s")
    print(f"taken and done                 {await rate(worker, TICKETS):10,.0f} tickets/s")
    for start in range(0, ALONE, 100):
        await asyncio.gather(*(broker.announce([ticket]) for ticket in tickets[start : start + 100]))
    print(f"the same, one in each message  {await rate(worker, ALONE):10,.0f} tickets/s")
    times = sorted([await latency(broker, worker, ticket) for ticket in tickets[:LONE]])
    middle, late = times[LONE // 2], times[LONE * 95 // 100]
    print(f"one alone, until it is there   p50 {middle * 1e3:.2f} ms, p95 {late * 1e3:.2f} ms")
    await broker.close()


async def rate(worker: TicketWorker, count: int) -> float:
    begin = time.perf_counter()
    await take(worker, count)
    return count / (time.perf_counter() - begin)


async def take(worker: TicketWorker, count: int) -> None:
    while count > 0:
        count -= len(await worker.claim(ROOM))
        worker.buffer.claimed()


async def latency(broker: Broker, worker: TicketWorker, ticket: Ticket) -> float:
    """Of a ticket that a worker waits for."""
    taking = asyncio.create_task(take(worker, 1))
    await asyncio.sleep(0.002)
    begin = time.perf_counter()
    announcing = asyncio.create_task(broker.announce([ticket]))
    await taking
    end = time.perf_counter()
    await announcing
    return end - begin


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(sys.argv[1]))
