"""Has the disk of a SQLite file room to grow, and is its log kept short?"""

import asyncio
import shutil
from pathlib import Path

from taskmill.cli.checks.finding import Finding, failed, fine, warning
from taskmill.stores.open import sqlite_path, store_scheme

MIB = 2**20
TIGHT, FULL = 1024 * MIB, 100 * MIB
LONG_LOG = 256 * MIB
"""Four times what SQLite cuts it back to."""


async def check(url: str) -> list[Finding]:
    if store_scheme(url) != "sqlite":
        return []
    return await asyncio.to_thread(_look, Path(sqlite_path(url)))


def _look(path: Path) -> list[Finding]:
    if not path.exists():
        return []
    log = path.with_name(f"{path.name}-wal")
    size, logged = path.stat().st_size, log.stat().st_size if log.exists() else 0
    free = shutil.disk_usage(path.parent).free
    return [_space(free, size), _log(logged)]


def _space(free: int, size: int) -> Finding:
    found = f"{_size(free)} free, the store takes {_size(size)}"
    if free < FULL:
        return failed("store disk", found, "free some space: when the disk is full, no task can be stored")
    if free < TIGHT:
        return warning("store disk", found, "free some space, or keep finished tasks for a shorter time (retention_*)")
    return fine("store disk", found)


def _log(size: int) -> Finding:
    if size > LONG_LOG:
        hint = "some program keeps a read transaction open on it: close that program"
        return warning("store log", f"the write-ahead log has grown to {_size(size)}", hint)
    return fine("store log", f"{_size(size)} of write-ahead log")


def _size(size: int) -> str:
    return f"{size / MIB / 1024:.1f} GiB" if size >= 1024 * MIB else f"{size / MIB:.1f} MiB"
