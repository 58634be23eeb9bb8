"""Where a value is wrong, and what is wrong there. Only for the path of errors: nothing here is fast."""

import dataclasses
import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from taskmill.core.errors import Problem
from taskmill.core.limits import TOO_DEEP, step
from taskmill.sdk import jsonhooks

_PLACE = re.compile(r"(?s)(?P<text>.*) - at `(?P<key>key in )?(?:\$)(?P<path>.*)`$")


def of_validation(error: msgspec.DecodeError, path: str) -> list[Problem]:
    """What msgspec found in the value at `path`; for a model with its own errors, each of them."""
    found = _PLACE.match(str(error))
    at, text = (path + found["path"], found["text"]) if found else (path, str(error))
    inner = getattr(error.__cause__, "errors", None)
    if callable(inner):
        return [Problem(at + _joined(one["loc"]), one["msg"]) for one in inner()]
    return [Problem(at, text[:1].lower() + text[1:])]


def unwritable(value: Any, path: str = "$") -> Problem | None:
    """The innermost part of a value that can't be written as JSON."""
    try:
        return non_finite(value, path) or _culprit(value, path)
    except RecursionError:
        return Problem(path, f"{TOO_DEEP}, or contains itself")


def non_finite(value: Any, path: str = "$") -> Problem | None:
    """The first NaN or Infinity: JSON has none, and null would be something else."""
    if isinstance(value, float):
        return None if math.isfinite(value) else Problem(path, f"{value} can't be written as JSON")
    return next(filter(None, (non_finite(part, at) for at, part in _parts(value, path))), None)


def unknown(name: str, known: Collection[str]) -> Problem:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    names = ", ".join(f"`{one}`" for one in known) or "none"
    advice = f"did you mean `{near[0]}`?" if near else f"known parameters: {names}"
    return Problem(f"$.{name}", f"unknown parameter; {advice}")


def sentence(problems: Collection[Problem]) -> str:
    return "; ".join(f"{path}: {message}" for path, message in problems)


def _culprit(value: Any, path: str) -> Problem | None:
    for at, part in _parts(value, path):
        if found := _culprit(part, at):
            return found
    try:
        jsonhooks.encoder.encode(value)
    except (TypeError, ValueError, OverflowError) as error:
        return Problem(path, str(error))
    return None


def _parts(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((step(path, str(key)), part) for key, part in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"{path}[{i}]", part) for i, part in enumerate(value))
    else:
        yield from ((f"{path}.{name}", getattr(value, name, None)) for name in _fields(value))


def _fields(value: Any) -> Collection[str]:
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    kind = type(value)
    return list(getattr(kind, "__struct_fields__", ())) or list(getattr(kind, "model_fields", ()))


def _joined(location: Collection[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
