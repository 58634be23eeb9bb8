"""Is what comes back from JSON what was given? Nothing that is stored may change on its way without a word."""

import dataclasses
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, time
from typing import Annotated, Any, get_args, get_origin

from taskmill.core.errors import Problem
from taskmill.core.limits import step

JSON = (str, int, float, type(None), list, dict)
"""What an annotation may make something else of: a list becomes the tuple that it asks for."""
SEQUENCES = (list, tuple)
SETS = (set, frozenset)
OPEN = (Any, object, list, dict, tuple, set, frozenset, typing.Mapping, typing.Sequence, Mapping, Sequence)
"""Without what is in them, annotations that leave it open."""


class Promise(typing.NamedTuple):
    """What is compared, and how exactly, by an annotation."""

    free: bool
    """It leaves something open (Any, a bare `dict`): nothing says there what a tuple, a date, a key is to become."""
    deep: bool
    """`==` is not enough: an object may leave fields out of it, and times compare equal that are not the same."""
    lenient: bool = False
    """Where it is free, the JSON form of a value may come back: of a result nobody expects more."""


def promise(kind: Any, *, lenient: bool = False) -> Promise:
    parts = list(_parts_of(kind, set()))
    deep = any(
        isinstance(part, type) and (bool(field_names(part)) or issubclass(part, datetime | time)) for part in parts
    )
    return Promise(any(part in OPEN or isinstance(part, typing.TypeVar) for part in parts), deep, lenient)


def changed(given: Any, back: Any, promise: Promise, path: str) -> Problem | None:
    """The first part of a value that does not come back as it was given."""
    if given is back or (not promise.deep and given == back):
        return None
    if isinstance(given, datetime | time) and isinstance(back, type(given)):
        return _changed_time(given, back, path)
    if isinstance(given, Mapping) and isinstance(back, Mapping):
        return _changed_mapping(given, back, promise, path)
    if isinstance(given, SEQUENCES + SETS) and isinstance(back, SEQUENCES + SETS):
        return _changed_items(given, back, promise, path)
    if isinstance(given, int | float) and isinstance(back, int | float):
        return None if given == back else _lost(given, back, path)
    names = field_names(type(given))
    if names and type(given) is type(back):
        return _changed_fields(given, back, names, promise, path)
    if type(given) is type(back):
        return None if given == back or repr(given) == repr(back) else _lost(given, back, path)  # Decimal("NaN")
    converted = type(given) in JSON or (promise.free and promise.lenient and type(back) in JSON)
    return None if converted or given == back else _lost(given, back, path)


def field_names(kind: type) -> Collection[str]:
    """Of a dataclass, an attrs class, a msgspec Struct or a model."""
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    if hasattr(kind, "__attrs_attrs__"):
        return [field.name for field in kind.__attrs_attrs__]
    return list(getattr(kind, "__struct_fields__", ())) or list(getattr(kind, "__pydantic_fields__", ()))


def _parts_of(kind: Any, seen: set[int]) -> Iterator[Any]:
    """What an annotation is made of, down to the fields of classes."""
    if id(kind) in seen:
        return
    seen.add(id(kind))
    inner, whole = get_args(kind), get_origin(kind)
    if whole is typing.Literal:
        return
    if whole is Annotated:
        inner = inner[:1]
    fields = _field_types(whole or kind)
    if fields or not inner:
        yield whole or kind
    for part in (*inner, *fields, *filter(None, [getattr(kind, "__supertype__", None)])):
        yield from _parts_of(part, seen)


def _field_types(kind: Any) -> Collection[Any]:
    if models := getattr(kind, "__pydantic_fields__", None):
        return [field.annotation for field in models.values()]
    if not isinstance(kind, type) or not (field_names(kind) or typing.is_typeddict(kind) or hasattr(kind, "_fields")):
        return ()
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except NameError:
        return (Any,)
    return [hint for name, hint in hints.items() if get_origin(hint) is not typing.ClassVar]


def _changed_time(given: Any, back: Any, path: str) -> Problem | None:
    if given.fold and given.tzinfo is None:
        return Problem(path, "is a time without a zone that may be one of two (fold=1); give it a time zone")
    same = given.replace(tzinfo=None, fold=0) == back.replace(tzinfo=None, fold=0)
    return None if same and given.utcoffset() == back.utcoffset() else _lost(given, back, path)


def _changed_mapping(given: Mapping[Any, Any], back: Mapping[Any, Any], promise: Promise, path: str) -> Problem | None:
    if len(given) != len(back):
        lost = [key for key in given if key not in back and str(key) not in back] or list(given)
        return Problem(step(path, str(lost[0])), "would be lost: another key becomes the same text, or no field has it")
    for (key, part), other in zip(given.items(), back, strict=True):
        if key not in back and not (promise.free and promise.lenient):
            message = f"is a key of type {type(key).__name__} and would come back as text; annotate the keys"
            return Problem(step(path, str(key)), message)
        found = changed(part, back[key] if key in back else back[other], promise, step(path, str(key)))
        if found:
            return found
    return None


def _changed_items(given: Any, back: Any, promise: Promise, path: str) -> Problem | None:
    form_enough = promise.free and promise.lenient
    if len(given) != len(back):
        return Problem(path, f"has {len(given)} items, of which {len(back)} would be left")
    if isinstance(given, SETS):
        same = given == back if isinstance(back, SETS) else form_enough
        return None if same else _lost(given, back, path)
    if isinstance(given, tuple) and isinstance(back, list) and promise.free and not form_enough:
        return _lost(given, back, path)
    if isinstance(back, SETS):
        return None
    pairs = enumerate(zip(given, back, strict=True))
    return next(filter(None, (changed(one, other, promise, step(path, i)) for i, (one, other) in pairs)), None)


def _changed_fields(given: Any, back: Any, names: Collection[str], promise: Promise, path: str) -> Problem | None:
    pairs = [(name, getattr(given, name, None), getattr(back, name, None)) for name in names]
    for holder in ("__pydantic_extra__", "__pydantic_private__"):
        other = getattr(back, holder, None) or {}
        # What has no equality of its own, a lock for instance, is no data.
        own = [pair for pair in (getattr(given, holder, None) or {}).items() if _is_data(pair[1])]
        pairs += [(name, one, other.get(name)) for name, one in own]
    return next(filter(None, (changed(one, two, promise, step(path, name)) for name, one, two in pairs)), None)


def _is_data(value: Any) -> bool:
    return any("__eq__" in vars(kind) for kind in type(value).__mro__[:-1])


def _lost(given: Any, back: Any, path: str) -> Problem:
    """Without the values, which may be secrets."""
    one, other = type(given).__name__, type(back).__name__
    if one != other:
        return Problem(path, f"is of type `{one}` and would come back as `{other}`; annotate what it is")
    return Problem(path, f"is of type `{one}` and would come back with another value")
