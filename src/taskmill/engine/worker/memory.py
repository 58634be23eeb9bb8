"""Garbage in cycles is collected when memory has grown, and not by the number of objects alone.

Python counts objects: a thousand tasks that each leave one cycle with some megabytes are too few for it.
"""

import asyncio
import gc
import os
from pathlib import Path

INTERVAL = 0.1
"""Seconds between two looks."""
STEP = 128 * 2**20
"""Bytes by which memory must have grown since the latest collection."""
GROWTH = 1.25
"""And by how much, so that a large heap that is in use is not searched again and again."""


def resident() -> int:
    """Bytes of this process that are in memory; 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


async def collect_by_memory() -> None:
    """Never ends."""
    after = resident()
    while True:
        await asyncio.sleep(INTERVAL)
        if resident() > max(after + STEP, after * GROWTH):
            gc.collect()
            after = resident()
