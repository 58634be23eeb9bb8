"""How far a handler said it is."""

import json
from typing import Any, NamedTuple


class Progress(NamedTuple):
    fraction: float
    """0 to 1."""
    note: str


def progress_of(text: str | None) -> Progress | None:
    """From JSON, as it is stored."""
    told: dict[str, Any] | None = json.loads(text or "null")
    return None if told is None else Progress(float(told.get("fraction", 0.0)), str(told.get("note", "")))
