"""Task ids: UUID version 7 (RFC 9562, 5.7), and version 8 for ids derived from an idempotency key."""

import hashlib
import os
import time
from uuid import UUID

VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
RANDOM = 10
"""Bytes taken for one id."""
AT_ONCE = 256

_tails: list[str] = []
"""The random ends of ids to come: made many at a time, because every enqueue takes one."""
_head = (0, "")
"""The latest millisecond, and how its ids begin."""


def uuid7() -> str:
    """Ordered by the millisecond of its making."""
    global _head
    milliseconds = time.time_ns() // 1_000_000
    known, head = _head
    if milliseconds != known:
        head = f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7"
        _head = milliseconds, head
    try:
        return head + _tails.pop()
    except IndexError:
        tail, *tails = _random_tails()
        _tails.extend(tails)
        return head + tail


def _random_tails() -> list[str]:
    digits, each = os.urandom(RANDOM * AT_ONCE).hex(), 2 * RANDOM
    chances = [digits[at : at + each] for at in range(0, len(digits), each)]
    return [f"{one[:3]}-{VARIANT[one[3]]}{one[4:7]}-{one[7:19]}" for one in chances]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_tails.clear)  # or both would make the same ids


def derived(scope: str, key: str) -> str:
    """The same id for the same key, always (RFC 9562, 5.8)."""
    digits = hashlib.sha256(f"{scope}\0{key}".encode()).hexdigest()
    return _shape(digits, "8")


def _shape(digits: str, version: str) -> str:
    variant = VARIANT[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def beginning(text: str) -> tuple[str, str] | None:
    """The first and the last id that begin like this, hyphens or not; None: no id can."""
    digits = text.replace("-", "").lower()
    if not 0 < len(digits) <= 32 or set(digits) - VARIANT.keys():
        return None
    first, last = (str(UUID(digits.ljust(32, digit))) for digit in "0f")
    return first, last


def parse(text: str) -> str | None:
    """The canonical form of a UUID, or None."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
