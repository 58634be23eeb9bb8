"""Cancelling what talks to Redis."""

import asyncio
from collections.abc import Collection
from typing import Any

AGAIN = 0.2


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Until they have ended: in rare moments redis-py swallows a cancellation."""
    left: Collection[asyncio.Task[Any]] = tasks
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
