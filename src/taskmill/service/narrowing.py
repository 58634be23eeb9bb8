"""From a big value that a schema refuses to a part of it with the first few of its errors.

jsonschema_rs gathers all errors of a value, and for each the errors of all its alternatives, before it hands out the
first: 80 000 wrong items take half a minute and gigabytes. Whether a value is valid at all it tells within
milliseconds. So the value is cut behind its first wrong items, found by halving, and only that part is looked into.
"""

from collections.abc import Callable
from typing import Any

AT_ONCE = 256
"""Entries of lists and objects that are looked into without cutting."""
KEPT = {list: 8, dict: 64}
"""So many entries stay in each, lest a cut makes errors of its own: too few items, a field that is missing."""


def narrowed(value: Any, is_valid: Callable[[Any], bool]) -> Any:
    """A value like `value`, which is not valid, that has the first of its errors and hardly more than `AT_ONCE`.

    Lists and objects in it may end early: what a schema says of their least size does not count there.
    """
    right, wrong, size = 0, AT_ONCE, _size(value)
    while wrong < size and is_valid(_cut(value, wrong)):
        right, wrong = wrong, 2 * wrong
    while wrong - right > AT_ONCE:
        middle = (right + wrong) // 2
        if is_valid(_cut(value, middle)):
            right = middle
        else:
            wrong = middle
    return value if wrong >= size else _cut(value, wrong)


def _size(value: Any) -> int:
    """Entries of all lists and objects in it."""
    size, stack = 0, [value]
    while stack:
        if isinstance(part := stack.pop(), list | dict):
            size += len(part)
            stack.extend(part.values() if isinstance(part, dict) else part)
    return size


def _cut(value: Any, entries: int) -> Any:
    """Its first entries, in the order in which they are written."""
    left = entries

    def copy(part: Any) -> Any:
        nonlocal left
        if isinstance(part, list):
            items: list[Any] = []
            for item in part:
                if left <= 0 and len(items) >= KEPT[list]:
                    break
                left -= 1
                items.append(copy(item))
            return items
        if isinstance(part, dict):
            fields: dict[str, Any] = {}
            for name, item in part.items():
                if left <= 0 and len(fields) >= KEPT[dict]:
                    break
                left -= 1
                fields[name] = copy(item)
            return fields
        return part

    return copy(value)
