"""What a request may hold at most; for what a task may hold, see core/limits.py."""

from dataclasses import dataclass

from taskmill.core.errors import Problem
from taskmill.core.limits import NAME_LENGTH


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, durations in seconds."""

    body: int = 2 * 1024 * 1024
    batch_body: int = 32 * 1024 * 1024
    batch: int = 10_000
    page: int = 500
    wait: float = 60.0
    streams: int = 500
    """Server-sent events at a time."""
    heartbeat: float = 15.0


DEFAULTS = Limits()


def check_header(name: str, value: str) -> list[Problem]:
    if 0 < len(value) <= 2 * NAME_LENGTH and value.isascii() and value.isprintable():
        return []
    return [Problem(f"header {name}", f"must be 1 to {2 * NAME_LENGTH} printable ASCII characters")]
