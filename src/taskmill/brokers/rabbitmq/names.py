"""The queues that RabbitMQ holds: `taskmill.<queue>.<priority>`."""

import hashlib

from taskmill.brokers.packing import Lane

LONGEST = 255
"""Bytes of a name in AMQP."""
KEPT = 180
QUEUE = {"x-queue-type": "quorum", "x-max-length": 100_000}
"""Arguments of a queue. Beyond its length the oldest messages are dropped: it may be that nobody serves it."""


def queue_name(lane: Lane) -> str:
    """Too long a name is cut and made distinct by a digest."""
    name = f"taskmill.{lane.queue}.{lane.suffix}"
    if len(name.encode()) <= LONGEST:
        return name
    start = lane.queue.encode()[:KEPT].decode(errors="ignore")
    return f"taskmill.{start}~{hashlib.sha256(lane.queue.encode()).hexdigest()[:32]}.{lane.suffix}"
