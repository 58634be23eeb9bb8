"""What a task may hold, the same through every face: the numbers, and the words of a refusal.

Each check says what is wrong with a value, or None; whoever asks adds where it stands.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from taskmill.core.errors import Problem, TooLarge

NAME_LENGTH = 128
PARAMETERS = 2**20
"""Bytes of JSON."""
DEPTH = 64
"""How deep parameters may nest; the object of all parameters is the first level."""
TOO_DEEP = f"nests deeper than {DEPTH} levels"
TAGS = 32
RETRIES = 1000
TEN_YEARS = 10 * 365 * 86_400
"""Seconds; no delay, start time or timeout is longer."""
SHORTEST_TIMEOUT = 0.001
PROBLEMS = 20
"""Of one refusal, or of one batch: looking for more costs as much as was sent."""

_INT64 = range(-(2**63), 2**63)
_LONG_NUMBER = re.compile(rb"\d{19}")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_PATH_LENGTH = 300
_Place = tuple["_Place | None", str | int]
"""The last step to a value, and the place before it: a path is written only for what is wrong."""


def name(text: object) -> str | None:
    """Task types, queues, keys and tags."""
    if isinstance(text, str) and 0 < len(text) <= NAME_LENGTH and text.isprintable():
        return None
    return f"must be 1 to {NAME_LENGTH} printable characters (no line breaks, no control characters)"


def tag_count(count: int) -> str | None:
    return None if count <= TAGS else f"must be at most {TAGS}"


def retries(count: object) -> str | None:
    if isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= RETRIES:
        return None
    return f"must be a whole number, 0 to {RETRIES}"


def delay(seconds: object) -> str | None:
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= TEN_YEARS:
        return None
    return "must be seconds, from 0 to ten years"


def timeout(seconds: object) -> str | None:
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and SHORTEST_TIMEOUT <= seconds <= TEN_YEARS:
        return None
    return f"must be seconds, from {SHORTEST_TIMEOUT} to ten years"


def expires(seconds: object) -> str | None:
    if isinstance(seconds, int | float) and 0 < seconds <= TEN_YEARS:
        return None
    return "must be seconds, more than 0 and at most ten years"


def start(seconds_from_now: float) -> str | None:
    return None if seconds_from_now <= TEN_YEARS else "must be within the next ten years"


def too_large(size: int) -> TooLarge | None:
    """`size`: bytes of the parameters' JSON."""
    if size <= PARAMETERS:
        return None
    return TooLarge(
        f"the parameters are {size:,} bytes of JSON; at most {PARAMETERS:,} are taken",
        hint="keep large data elsewhere and pass where it is",
    )


SHORTEST_SUSPECT = len(rb'{"":"\u0000"}')


def suspect(text: bytes) -> bool:
    """Whether JSON may hold what `unstorable` looks for; settles nearly all without a look at each value."""
    if len(text) < SHORTEST_SUSPECT:
        return False
    if b"\\u0000" in text or _LONG_NUMBER.search(text) is not None:
        return True
    return len(text) > 2 * DEPTH and text.count(b"{") + text.count(b"[") > DEPTH


def unstorable(value: Any, path: str) -> Iterator[Problem]:
    """What some store or some reader of JSON could not hold, in a value made of JSON's own types."""
    stack: list[tuple[_Place | None, Any, int]] = [(None, value, 1)]
    while stack:
        place, value, level = stack.pop()
        if isinstance(value, dict | list) and level > DEPTH:
            yield Problem(_path(path, place), TOO_DEEP)
            return
        if isinstance(value, dict):
            if any("\0" in str(key) for key in value):
                yield Problem(_path(path, place), "has a name with a NUL character")
            stack.extend(((place, key), item, level + 1) for key, item in value.items())
        elif isinstance(value, list):
            stack.extend(((place, index), item, level + 1) for index, item in enumerate(value))
        elif isinstance(value, str) and "\0" in value:
            yield Problem(_path(path, place), "holds a NUL character")
        elif isinstance(value, int) and value not in _INT64:
            yield Problem(_path(path, place), "is an integer beyond 64 bits; send it as a string")


def more(problems: Sequence[Problem]) -> str | None:
    """The hint of a refusal that has as many problems as one tells."""
    return f"these are the first {PROBLEMS} problems; there may be more" if len(problems) >= PROBLEMS else None


def _path(root: str, place: _Place | None) -> str:
    if place is None:
        return root
    before, part = place
    return step(_path(root, before), part)[:_PATH_LENGTH]


def step(path: str, part: str | int) -> str:
    """One step down: `$.a`, `$[0]`, `$['odd name']`."""
    if isinstance(part, int):
        return f"{path}[{part}]"
    part = part[:64]
    return f"{path}.{part}" if _PLAIN_NAME.fullmatch(part) else f"{path}[{part!r}]"
