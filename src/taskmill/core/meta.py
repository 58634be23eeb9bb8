"""What is said about a task beside its parameters: pairs of the caller's own, who made it, and the trace it is part of.

One flat JSON object. `origin` is {"who", "face"}, set by the service (absent: a program made it on the store itself);
`traceparent` is that of W3C Trace Context; every other name is the caller's own.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

SIZE = 8_192
"""Bytes of JSON, of all together."""
ORIGIN, TRACE = "origin", "traceparent"
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
Value = str | int | float | bool


def wrong(pairs: Mapping[Any, Any]) -> tuple[str, str] | None:
    """The name of the first pair that cannot be one, and what is wrong with it."""
    for name, value in pairs.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            return str(name)[:64], "must have a name of 1 to 64 letters, digits and _ . -"
        if name == ORIGIN:
            return name, "is set by Taskmill: who made the task, through which face"
        if name == TRACE and not (isinstance(value, str) and TRACEPARENT.fullmatch(value)):
            return name, "must be a traceparent of W3C Trace Context, like 00-…-…-01"
        if not isinstance(value, Value) or (isinstance(value, float) and not math.isfinite(value)):
            return name, "must be a text, a number, true or false"
        if isinstance(value, str) and not value.isprintable():
            return name, "must be text without line breaks and control characters"
    return None


def to_json(pairs: Mapping[str, Value], origin: Mapping[str, str] | None = None) -> str | None:
    """None for nothing. Pairs are right, but they may be too many: see `SIZE`."""
    whole: dict[str, object] = {**pairs}
    if origin is not None:
        whole[ORIGIN] = origin
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")) if whole else None


def own(meta: str | None) -> dict[str, Value]:
    """The pairs that the caller gave."""
    pairs: dict[str, Value] = json.loads(meta) if meta else {}
    return {name: value for name, value in pairs.items() if name not in (ORIGIN, TRACE)}


def holds(meta: str | None, name: str, text: str) -> bool:
    """Whether it has this pair, of which the value is written as text."""
    pairs = own(meta)
    return name in pairs and json.dumps(pairs[name], ensure_ascii=False) in (text, json.dumps(text, ensure_ascii=False))
