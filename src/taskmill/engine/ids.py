"""Task ids: UUID version 7 (RFC 9562, 5.7), and version 8 for ids derived from an idempotency key."""

import hashlib
import os
import time
from uuid import UUID

VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def uuid7() -> str:
    """Ordered by the millisecond of its making."""
    milliseconds, chance = time.time_ns() // 1_000_000, os.urandom(10).hex()
    variant = VARIANT[chance[3]]
    return f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7{chance[:3]}-{variant}{chance[4:7]}-{chance[7:19]}"


def derived(scope: str, key: str) -> str:
    """The same id for the same key, always (RFC 9562, 5.8)."""
    digits = hashlib.sha256(f"{scope}\0{key}".encode()).hexdigest()
    return _shape(digits, "8")


def _shape(digits: str, version: str) -> str:
    variant = VARIANT[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def parse(text: str) -> str | None:
    """The canonical form of a UUID, or None."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
