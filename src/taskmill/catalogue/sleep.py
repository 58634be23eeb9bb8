"""`sleep`: a task that takes its time, to see progress and to try cancelling."""

import asyncio
import time
from typing import Annotated

from msgspec import Meta

from taskmill.catalogue.base import app
from taskmill.executors.contract import Context

STEP = 0.2

Seconds = Annotated[float, Meta(title="Seconds", description="How long, up to a day.", examples=[5], ge=0, le=86_400)]


@app.task
async def sleep(ctx: Context, seconds: Seconds) -> float:
    """Sleep for some seconds, with progress; return how many were slept."""
    started = time.monotonic()
    while (slept := time.monotonic() - started) < seconds:
        ctx.raise_if_cancelled()
        ctx.progress(slept / seconds, f"{slept:.0f} of {seconds:g} s")
        await asyncio.sleep(min(STEP, seconds - slept))
    return seconds
