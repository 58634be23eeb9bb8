"""Task ids: UUID version 7 (RFC 9562, 5.7), and version 8 for ids derived from an idempotency key."""

import hashlib
import os
import time
from uuid import UUID


def uuid7() -> str:
    """Ordered by the millisecond of its making."""
    milliseconds = time.time_ns() // 1_000_000
    digits = f"{milliseconds:012x}{os.urandom(10).hex()}"
    return _shape(digits, "7")


def derived(scope: str, key: str) -> str:
    """The same id for the same key, always (RFC 9562, 5.8)."""
    digits = hashlib.sha256(f"{scope}\0{key}".encode()).hexdigest()
    return _shape(digits, "8")


def _shape(digits: str, version: str) -> str:
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def parse(text: str) -> str | None:
    """The canonical form of a UUID, or None."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
