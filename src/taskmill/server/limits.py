"""What a request may hold at most, and what a name is."""

from dataclasses import dataclass

from taskmill.core.errors import Problem

NAME_LENGTH = 128
TEN_YEARS = 10 * 365 * 86_400
"""Seconds; no delay, start time or timeout is longer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, durations in seconds."""

    body: int = 2 * 1024 * 1024
    batch_body: int = 32 * 1024 * 1024
    batch: int = 10_000
    parameters: int = 1024 * 1024
    depth: int = 64
    """How deep parameters may nest."""
    tags: int = 32
    retries: int = 1000
    page: int = 500
    wait: float = 60.0


DEFAULTS = Limits()


def check_name(path: str, name: str) -> list[Problem]:
    """Queues, keys, tags and task types: 1 to 128 printable characters."""
    if 0 < len(name) <= NAME_LENGTH and name.isprintable():
        return []
    return [Problem(path, f"must be 1 to {NAME_LENGTH} printable characters (no line breaks, no control characters)")]


def check_header(name: str, value: str) -> list[Problem]:
    if 0 < len(value) <= 2 * NAME_LENGTH and value.isascii() and value.isprintable():
        return []
    return [Problem(f"header {name}", f"must be 1 to {2 * NAME_LENGTH} printable ASCII characters")]
