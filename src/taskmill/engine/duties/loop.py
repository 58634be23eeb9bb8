"""Background duties. Each is one file with a `step()` that does a bit and says how long it may rest.

All of them may run in every worker at once: each step is a conditional update in the store. They run on an event
loop in a thread of their own, so a handler that blocks the worker's loop does not stop the heartbeat.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from taskmill.core.errors import StoreError
from taskmill.engine.store_failures import store_failures
from taskmill.stores.contract import Ear, Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyTimings:
    """Seconds."""

    rest_after_failure: float = 1.0
    """Of a duty whose store failed."""
    longest_between_beats: float = 5.0
    """So that a long lease does not make a worker look dead (engine/live/why.py)."""
    longest_blocked: float = 60.0
    """How long a handler may block the worker's event loop before its leases are left to run out."""
    between_purges: float = 60.0
    between_purge_batches: float = 0.05


class Duty(Protocol):
    name: str
    wakes: bool
    """Whether it steps at once when a task was scheduled."""

    async def step(self) -> float:
        """Returns for how many seconds it may rest. Raises StoreError when the store fails."""
        ...


async def run_forever(
    store: Store,
    duties: Sequence[Duty],
    stop: asyncio.Event,
    timings: DutyTimings = DutyTimings(),
) -> None:
    """Step each duty when its rest is over or it wakes for a scheduled task; ends soon after `stop` is set."""
    clock = asyncio.get_running_loop().time
    scheduled = store.bell.listen("due")
    stopping = asyncio.create_task(stop.wait())
    step_at = dict.fromkeys(duties, 0.0)
    try:
        while not stop.is_set():
            for duty in duties:
                if step_at[duty] <= clock():
                    rest = await _step(duty, timings)
                    step_at[duty] = clock() + rest
            if await _heard(scheduled, min(step_at.values()) - clock(), stopping):
                step_at.update({duty: 0.0 for duty in duties if duty.wakes})
    finally:
        stopping.cancel()
        scheduled.close()


async def _step(duty: Duty, timings: DutyTimings) -> float:
    try:
        rest = await duty.step()
        store_failures.fine(duty.name)
        return rest
    except StoreError as error:
        store_failures.failed(duty.name, error)
    except Exception:  # a duty must not end with its worker alive
        logger.exception("%s failed", duty.name)
    return timings.rest_after_failure


async def _heard(ear: Ear, timeout: float, stopping: asyncio.Task[Literal[True]]) -> bool:
    """Whether it rang before the timeout and before `stopping` was done."""
    hearing = asyncio.create_task(ear.wait(max(0.0, timeout)))
    await asyncio.wait((hearing, stopping), return_when=asyncio.FIRST_COMPLETED)
    if hearing.done():
        return bool(hearing.result())
    hearing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await hearing
    return False
