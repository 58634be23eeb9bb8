"""A profile spread out into the settings that it stands for."""

from collections.abc import Sequence
from typing import Any

from taskmill.config.profiles import BUILT_IN, check_profiles
from taskmill.config.sources import Finding, Raw, near, place


def spread(raws: Sequence[Raw], flags: Sequence[Raw]) -> tuple[list[Raw], list[Finding]]:
    """All raw values, and between those and the flags what the chosen profile says."""
    whole = [*raws, *flags]
    chosen = next((raw for raw in reversed(whole) if raw.key == "profile"), None)
    if chosen is None:
        return whole, []
    known = BUILT_IN | _own(whole)
    profile = known.get(chosen.value.strip()) if isinstance(chosen.value, str) else None
    if profile is None:
        finding = Finding(place(chosen), f"no such profile: {chosen.value!r}; {near(str(chosen.value), list(known))}")
        return [raw for raw in whole if raw is not chosen], [finding]
    return [*raws, *(Raw(key, value, f"profile {chosen.value}") for key, value in profile.items()), *flags], []


def _own(raws: Sequence[Raw]) -> dict[str, dict[str, Any]]:
    raw = next((raw for raw in reversed(raws) if raw.key == "profiles"), None)
    try:
        return (check_profiles(raw.value) if raw else None) or {}
    except ValueError:  # told where every value is checked
        return {}
