"""Settings written out for people."""

import json

from taskmill.config.fields import written
from taskmill.config.load import Loaded
from taskmill.config.masking import masked
from taskmill.config.settings import SETTINGS

DURATIONS = {key for key in SETTINGS if isinstance(SETTINGS[key].default, float)}


def shown(key: str, value: object) -> str:
    """A setting's value as one would write it, secrets masked."""
    if SETTINGS[key].secret and value is not None:
        return "***"
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, float) and key in DURATIONS:
        return written(value)
    if isinstance(value, tuple):
        return masked(",".join(value))
    return "" if value is None else masked(str(value))


def effective(loaded: Loaded) -> list[tuple[str, str, str]]:
    """(key, value, source) of every setting in force."""
    return [(key, shown(key, getattr(loaded.settings, key)), loaded.sources[key]) for key in SETTINGS]


def markdown() -> str:
    """The reference of all settings, as a Markdown table."""
    lines = ["| setting | default | in the environment | meaning |", "| --- | --- | --- | --- |"]
    for key, setting in SETTINGS.items():
        default = shown(key, setting.default)
        cell = f"`{default}`" if default else "(unset)"
        lines.append(f"| `{key}` | {cell} | `{setting.variable}` | {setting.description} |")
    return "\n".join(lines) + "\n"
