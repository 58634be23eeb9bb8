"""A worker that takes and never says what became of it: `python tests/brokers/holder.py URL QUEUE`."""

import asyncio
import sys

from taskmill.brokers.open import open_broker


async def hold(url: str, queue: str) -> None:
    held = await open_broker(url).intake([queue], 10).take(10)
    print("held", flush=True)
    await asyncio.sleep(3600)
    del held


if __name__ == "__main__":
    asyncio.run(hold(*sys.argv[1:]))
