"""Background duties. Each is one file with a `step()` that does a bit and says how long it may rest.

All of them may run in every worker at once: each step is a conditional update in the store. They run on an event
loop in a thread of their own, so a handler that blocks the worker's loop does not stop the heartbeat.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Literal, Protocol

from taskmill.core.errors import StoreError
from taskmill.stores.contract import Ear, Store

logger = logging.getLogger(__name__)

BACK_OFF = 1.0
"""Seconds to rest after the store failed."""


class Duty(Protocol):
    name: str
    wakes: bool
    """Whether it steps at once when a task was scheduled."""

    async def step(self) -> float:
        """Returns for how many seconds it may rest. Raises StoreError when the store fails."""
        ...


async def run_forever(store: Store, duties: Sequence[Duty], stop: asyncio.Event) -> None:
    """Step each duty when its rest is over or it wakes for a scheduled task; ends soon after `stop` is set."""
    ear = store.bell.listen("due")
    try:
        stopping = asyncio.create_task(stop.wait())
        due = dict.fromkeys(range(len(duties)), 0.0)
        while not stop.is_set():
            await _step_due(duties, due)
            if await _rest(ear, min(due.values()), stopping):
                due.update({index: 0.0 for index, duty in enumerate(duties) if duty.wakes})
    finally:
        stopping.cancel()
        ear.close()


async def _step_due(duties: Sequence[Duty], due: dict[int, float]) -> None:
    for index, duty in enumerate(duties):
        if due[index] <= _clock():
            due[index] = _clock() + await _stepped(duty)


async def _stepped(duty: Duty) -> float:
    try:
        return await duty.step()
    except StoreError as error:
        logger.warning("%s: %s", duty.name, error)
    except Exception:  # a duty must not end with its worker alive
        logger.exception("%s failed", duty.name)
    return BACK_OFF


async def _rest(ear: Ear, until: float, stopping: asyncio.Task[Literal[True]]) -> bool:
    """Whether something was heard."""
    hearing = asyncio.create_task(ear.wait(max(0.0, until - _clock())))
    await asyncio.wait((hearing, stopping), return_when=asyncio.FIRST_COMPLETED)
    if hearing.done():
        return bool(hearing.result())
    hearing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await hearing
    return False


def _clock() -> float:
    return asyncio.get_running_loop().time()
