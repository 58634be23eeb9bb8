"""A worker that takes and never says what became of it: `python tests/brokers/taker.py URL QUEUE`."""

import asyncio
import sys

from taskmill.brokers.open import open_broker
from taskmill.testing.conformance.brokers.case import Inbox


async def take(url: str, queue: str) -> None:
    taken = await Inbox(open_broker(url), [queue], 10).next()
    print("taken", flush=True)
    await asyncio.sleep(3600)
    del taken


if __name__ == "__main__":
    asyncio.run(take(*sys.argv[1:]))
