"""What a message costs in the Python clients of RabbitMQ: `python -m benchmarks.amqp_clients aio-pika|pika amqp://…`.

Confirmed messages to a durable quorum queue, a hundred at a time, then consumed and acknowledged; then one
at a time, from publishing to its arrival. aio-pika is not among what the repository installs.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

MESSAGES, AT_A_TIME, LONE = 5000, 100, 300
PREFETCH = 200
BODY = b"x" * 60
QUORUM = {"x-queue-type": "quorum"}
Consume = Callable[[Callable[[], None]], Awaitable[None]]
"""Calls back for each message, which it acknowledges."""


async def measure(publish: Callable[[], Awaitable[Any]], consume: Consume) -> None:
    """Prints microseconds of a message, wall and CPU."""
    with Stopwatch("publish"):
        for _ in range(0, MESSAGES, AT_A_TIME):
            await asyncio.gather(*(publish() for _ in range(AT_A_TIME)))
    arrived, arrival = 0, asyncio.Event()

    def count() -> None:
        nonlocal arrived
        arrived += 1
        if arrived >= MESSAGES:
            arrival.set()

    with Stopwatch("consume"):
        await consume(count)
        await arrival.wait()
    times = []
    for _ in range(LONE):
        arrival.clear()
        begin = time.perf_counter()
        await publish()
        await arrival.wait()
        times.append(time.perf_counter() - begin)
    print(f"one alone   p50 {sorted(times)[LONE // 2] * 1e3:.2f} ms")
    print(f"memory      {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


class Stopwatch:
    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._begin = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        wall, cpu = time.perf_counter() - self._begin[0], time.process_time() - self._begin[1]
        print(f"{self._name:11} {wall / MESSAGES * 1e6:.0f} µs, CPU {cpu / MESSAGES * 1e6:.0f} µs")


async def aio_pika(url: str) -> None:
    import aio_pika

    links = [await aio_pika.connect_robust(url) for _ in range(2)]
    channel, other = [await link.channel() for link in links]
    await other.set_qos(PREFETCH)
    await channel.declare_queue("bench", durable=True, arguments=QUORUM)
    queue = await other.get_queue("bench")
    await queue.purge()

    async def publish() -> None:
        message = aio_pika.Message(BODY, delivery_mode=2)
        await channel.default_exchange.publish(message, "bench")

    async def consume(arrived: Callable[[], None]) -> None:
        async def take(message: Any) -> None:
            await message.ack()
            arrived()

        await queue.consume(take)

    await measure(publish, consume)
    await asyncio.gather(*(link.close() for link in links))


async def pika(url: str) -> None:
    import pika
    from pika.adapters.asyncio_connection import AsyncioConnection

    loop, kept = asyncio.get_running_loop(), pika.BasicProperties(delivery_mode=2)
    pending: dict[int, asyncio.Future[None]] = {}

    async def answer(ask: Callable[[Callable[[Any], None]], object]) -> Any:
        future = loop.create_future()
        ask(future.set_result)
        return await future

    def confirmed(frame: Any) -> None:
        tag, several = frame.method.delivery_tag, frame.method.multiple
        for one in [one for one in pending if one <= tag] if several else [tag]:
            pending.pop(one).set_result(None)

    links = [await answer(lambda done: AsyncioConnection(pika.URLParameters(url), done)) for _ in range(2)]
    channel, other = [await answer(lambda done, link=link: link.channel(on_open_callback=done)) for link in links]  # type: ignore[misc]
    await answer(lambda done: channel.confirm_delivery(confirmed, callback=done))
    await answer(lambda done: channel.queue_declare("bench", durable=True, arguments=QUORUM, callback=done))
    await answer(lambda done: channel.queue_purge("bench", callback=done))
    await answer(lambda done: other.basic_qos(prefetch_count=PREFETCH, callback=done))
    sent = 0

    def publish() -> Awaitable[None]:
        nonlocal sent
        sent += 1
        future = pending[sent] = loop.create_future()
        channel.basic_publish("", "bench", BODY, kept, mandatory=True)
        return future

    async def consume(arrived: Callable[[], None]) -> None:
        def take(channel: Any, method: Any, *_: object) -> None:
            channel.basic_ack(method.delivery_tag)
            arrived()

        other.basic_consume("bench", take)

    await measure(publish, consume)
    for link in links:
        link.close()
    await asyncio.sleep(0.2)


if __name__ == "__main__":
    import uvloop

    which, url = sys.argv[1:]
    uvloop.run({"aio-pika": aio_pika, "pika": pika}[which](url))
