"""A rate that all processes of one machine keep together: a file says when the next request is due."""

import fcntl
import os
from pathlib import Path

from taskmill.core.private_files import FILE, make_private_folder

BURST = 10.0
"""Seconds' worth of requests that may go at once after a rest."""


def reserve(path: Path, rate: int, now: float) -> float:
    """Reserve a request and return 0; or, when none is due, reserve none and return the seconds until one is.

    `rate`: requests per minute. `now`: seconds since the Unix epoch.
    """
    make_private_folder(path.parent)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        each = 60.0 / rate
        due = max(now, _read(file, latest=now + 60 + each)) + each
        wait = due - now - max(each, BURST)
        if wait > 1e-6:
            return wait
        os.pwrite(file, f"{due:<32.6f}".encode(), 0)
        return 0.0
    finally:
        os.close(file)


def _read(file: int, latest: float) -> float:
    """When the next request is due; a time beyond `latest` was written before somebody set the clock back."""
    try:
        due = float(os.pread(file, 32, 0))
    except ValueError:
        return 0.0
    return due if due <= latest else 0.0
