"""Worker profiles: a name for settings of workers that serve one kind of task.

    [profiles.pictures]
    queues = ["pictures"]
    slots = 2

A profile wins over the file and the environment, and flags win over it.
"""

import json
from typing import Any

KEYS = ("queues", "slots", "workers")

BUILT_IN: dict[str, dict[str, Any]] = {
    "email": {"queues": ("email",), "slots": 8, "workers": 1},
    "http": {"queues": ("http",), "slots": 64, "workers": 1},
    "data": {"queues": ("data",), "slots": 1, "workers": 2},
    "files": {"queues": ("files",), "slots": 4, "workers": 1},
    "reports": {"queues": ("reports",), "slots": 2, "workers": 1},
    "compute": {"queues": ("compute",), "slots": 2, "workers": 1},
}
"""What waits for others does many at once, what computes few."""


def check_profiles(raw: object) -> dict[str, dict[str, Any]] | None:
    """Tables by name; in the environment as JSON. What they hold is checked when one is used."""
    found = _parsed(raw) if isinstance(raw, str) else raw
    if found is None:
        return None
    if not isinstance(found, dict) or not all(_profile(name, table) for name, table in found.items()):
        raise ValueError(f"must hold tables like [profiles.pictures], each with some of {', '.join(KEYS)}, not {raw!r}")
    return found


def _parsed(raw: str) -> object:
    try:
        return json.loads(raw) or {}
    except (ValueError, RecursionError):
        raise ValueError(f"must be JSON in the environment, not {raw!r}") from None


def _profile(name: object, table: object) -> bool:
    return isinstance(name, str) and isinstance(table, dict) and bool(table) and set(table) <= set(KEYS)
