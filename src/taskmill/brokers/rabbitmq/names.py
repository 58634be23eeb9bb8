"""The queues that RabbitMQ holds: `taskmill.<queue>.<priority>`."""

import hashlib

from taskmill.brokers.packing import Line

LONGEST = 255
"""Bytes of a name in AMQP."""
KEPT = 180
QUEUE = {"x-queue-type": "quorum", "x-max-length": 100_000}
"""Arguments of a queue. Beyond its length the oldest messages are dropped: it may be that nobody serves it."""


def queue_name(line: Line) -> str:
    """Too long a name is cut and made distinct by a digest."""
    name = f"taskmill.{line.queue}.{line.suffix}"
    if len(name.encode()) <= LONGEST:
        return name
    start = line.queue.encode()[:KEPT].decode(errors="ignore")
    return f"taskmill.{start}~{hashlib.sha256(line.queue.encode()).hexdigest()[:32]}.{line.suffix}"
