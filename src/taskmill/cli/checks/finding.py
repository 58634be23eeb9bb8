"""What a check finds, and how one check is kept from stopping the others."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from taskmill.core.errors import TaskmillError

PATIENCE = 5.0
"""Seconds that one check may take."""

Level = Literal["ok", "warning", "failed"]


class Finding(msgspec.Struct, omit_defaults=True):
    check: str
    """Component and what was looked at: `store write`."""
    level: Level
    """failed: tasks do not run, or will not. warning: they may not, or somebody wanted it so."""
    found: str
    hint: str | None = None
    """What to do about it."""


Look = Callable[[], Awaitable[list[Finding]]]


def fine(check: str, found: str) -> Finding:
    return Finding(check, "ok", found)


def warning(check: str, found: str, hint: str | None) -> Finding:
    return Finding(check, "warning", found, hint)


def failed(check: str, found: str, hint: str | None) -> Finding:
    return Finding(check, "failed", found, hint)


async def looked(check: str, look: Look, hint: str | None = None) -> list[Finding]:
    """What it finds, or that it failed or took too long. `hint`: where the error itself says nothing of what to do."""
    task = asyncio.ensure_future(look())
    try:
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if not done:
            return [failed(check, f"no answer within {PATIENCE:g} s", hint)]
        return task.result()
    except TaskmillError as error:
        return [failed(check, str(error), error.hint or hint)]
    except Exception as error:  # a fault of one check must not hide what the others find
        return [failed(check, f"{type(error).__name__}: {error}", hint)]
    finally:
        task.cancel()


async def timed(work: Awaitable[object]) -> str:
    """How long it took, for people."""
    started = time.perf_counter()
    await work
    return f"{(time.perf_counter() - started) * 1000:.1f} ms"
