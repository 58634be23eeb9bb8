"""Parameters and results: from Python to JSON and back, checked by the handler's annotations.

Parameters are one JSON object, a field for each parameter that was given; defaults are filled in by the worker.
What would not come back as it was given is refused: parameters before they are stored, results before the work is said
to be done.
"""

import math
import types
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping
from datetime import datetime, time
from itertools import chain, islice
from typing import Annotated, Any, Never, NoReturn, Union, get_args, get_origin

import msgspec

from taskmill.core import limits
from taskmill.core.errors import InvalidParameters, InvalidRequest, Problem
from taskmill.core.outcome import Cancel, Fail, Retry, Snooze
from taskmill.core.suggest import nearest
from taskmill.executors.contract import storable
from taskmill.sdk import signature
from taskmill.sdk.foreign import SchemaHook, encoder, from_json, to_json
from taskmill.sdk.round_trip import changed, field_names, promise
from taskmill.sdk.signature import Signature

DRAFT = "https://json-schema.org/draft/2020-12/schema"
STEERING = (Retry, Snooze, Cancel, Fail)
FORMATTED: dict[type, Any] = {
    kind: Annotated[kind, msgspec.Meta(extra_json_schema={"format": name})]
    for kind, name in ((datetime, "date-time"), (time, "time"))
}
"""Of those that may have no offset, msgspec names no format, and nothing at the door would look at them."""
ZONE = "([Zz]|[+-][0-9]{2}:?[0-9]{2})$"
PLAIN = (types.NoneType, bool, int, float, str)


class Codec:
    def __init__(self, fn: Callable[..., Any], task_type: str, shape: Signature) -> None:
        """Raises InvalidRequest for annotations that can't be served, or that are not defined (yet)."""
        hints = signature.types(fn, task_type)
        self._task_type = task_type
        self._fields = {p.name: _served(hints.get(p.name, Any), p.name, task_type) for p in shape.parameters}
        self._promises = {name: promise(kind) for name, kind in self._fields.items()}
        fields = [_field(p.name, self._fields[p.name], p.default, p.empty) for p in shape.parameters]
        self._struct = msgspec.defstruct(task_type, fields, kw_only=True, forbid_unknown_fields=True)
        self._decode = msgspec.json.Decoder(self._struct, dec_hook=from_json).decode
        self._encode = encoder.encode
        self._result = _served(_result_type(hints.get("return", Any)), "return", task_type)
        self._nothing_fits = self._result in (None, types.NoneType, Any)
        self._result_promise = promise(self._result, lenient=True)
        self._decode_result = msgspec.json.Decoder(self._result, dec_hook=from_json).decode

    def encode(self, arguments: Mapping[str, Any]) -> str:
        """The parameters' JSON. Raises InvalidParameters, naming each bad field, and TooLarge."""
        try:
            data = self._encode(arguments)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise self._invalid([_unwritable(arguments) or Problem("$", str(error))]) from None
        if b"null" in data and (found := _non_finite(arguments)):
            raise self._invalid([found])
        if refused := limits.too_large(len(data)):
            raise refused
        if limits.suspect(data) and (unstorable := _unstorable(data)):
            raise self._invalid(unstorable)
        there = self._checked(data)
        for name, given in arguments.items():
            found = changed(given, getattr(there, name), self._promises[name], f"$.{name}")
            if found:
                raise self._invalid([found])
        return data.decode()

    def decode(self, parameters: str) -> dict[str, Any]:
        """Typed arguments by name. Raises InvalidParameters."""
        return msgspec.structs.asdict(self._checked(parameters))

    def encode_result(self, value: Any) -> str:
        """Raises TypeError or ValueError for what JSON can't hold, or what the return annotation does not allow."""
        if value is None and self._nothing_fits:
            return "null"
        try:
            data = self._encode(value)
        except UnicodeEncodeError:
            value = _shown(msgspec.to_builtins(value, enc_hook=to_json, str_keys=True))
            data = self._encode(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(_sentence(_unwritable(value, "") or Problem("", str(error)))) from None
        if b"null" in data and (found := _non_finite(value, "")):
            raise ValueError(_sentence(found))
        if type(value) is not self._result or type(value) not in PLAIN:
            self._check_result(value, data)
        return data.decode()

    def decode_result(self, result: str | bytes) -> Any:
        """Typed by the return annotation. Raises msgspec.DecodeError when it does not fit."""
        try:
            return self._decode_result(result)
        except msgspec.ValidationError:
            return _converted(result, self._result)

    def _check_result(self, value: Any, data: bytes) -> None:
        try:
            found = changed(value, self.decode_result(data), self._result_promise, "")
        except msgspec.ValidationError as error:
            found = _validation_problems(error, "")[0]
            raise ValueError(f"it does not fit the return annotation: {_sentence(found)}") from None
        if found:
            raise ValueError(_sentence(found))

    def schema(self, description: str) -> dict[str, Any]:
        """JSON Schema (draft 2020-12) of the parameters object."""
        hook = SchemaHook()
        whole = msgspec.json.schema(self._struct, schema_hook=hook)
        definitions = whole["$defs"]
        own = definitions.pop(whole["$ref"].rpartition("/")[2].replace("~1", "/").replace("~0", "~"))
        definitions |= hook.definitions
        head = {"$schema": DRAFT, "title": self._task_type} | ({"description": description} if description else {})
        return head | {k: v for k, v in own.items() if k != "title"} | ({"$defs": definitions} if definitions else {})

    def _checked(self, data: bytes | str) -> Any:
        """The parameters as a struct. Raises InvalidParameters with a problem for each field that does not fit."""
        try:
            return self._decode(data)
        except (msgspec.DecodeError, RecursionError):
            pass
        try:
            given = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, RecursionError) as error:
            raise self._invalid([Problem("$", f"the parameters must be a JSON object: {error}")]) from None
        fitting: dict[str, Any] = {}
        wrong = (self._check(name, kind, given.get(name), fitting) for name, kind in self._fields.items())
        unknown = (_unknown(name, self._fields) for name in given if name not in self._fields)
        if problems := list(islice(chain(chain.from_iterable(wrong), unknown), limits.PROBLEMS)):
            raise self._invalid(problems)
        return self._struct(**fitting)

    def _check(self, name: str, kind: Any, given: msgspec.Raw | None, fitting: dict[str, Any]) -> list[Problem]:
        """What is wrong with one parameter; what is right is put to those that fit."""
        if given is None:
            return [Problem(f"$.{name}", "is missing")] if name in self._required() else []
        try:
            fitting[name] = _converted(given, kind)
        except msgspec.DecodeError as error:
            return _validation_problems(error, f"$.{name}")
        except RecursionError:
            return [Problem(f"$.{name}", limits.TOO_DEEP)]
        return []

    def _required(self) -> set[str]:
        return {field.name for field in msgspec.structs.fields(self._struct) if field.required}

    def _invalid(self, problems: list[Problem]) -> InvalidParameters:
        sentence = "; ".join(f"{path}: {message}" for path, message in problems)
        return InvalidParameters(f"{self._task_type}: {sentence}", problems=problems, hint=limits.more(problems))


def _converted(raw: msgspec.Raw | str | bytes, kind: Any) -> Any:
    """Where a whole number is asked for, 2.0 is one: JSON Schema says so, and languages without integers write it."""
    try:
        return msgspec.json.decode(raw, type=kind, dec_hook=from_json)
    except msgspec.ValidationError:
        plain = msgspec.json.decode(raw)
        whole = _with_whole_numbers(plain)
        if whole is plain:
            raise
        try:
            return msgspec.convert(whole, kind, dec_hook=from_json, str_keys=True)
        except msgspec.ValidationError:
            pass
        raise


def _with_whole_numbers(plain: Any) -> Any:
    """The value itself when there is no number in it like 2.0."""
    if isinstance(plain, float):
        return int(plain) if plain.is_integer() and abs(plain) < 2**63 else plain
    if isinstance(plain, list):
        items = [_with_whole_numbers(item) for item in plain]
        return items if any(one is not other for one, other in zip(items, plain, strict=True)) else plain
    if isinstance(plain, dict):
        named = {name: _with_whole_numbers(item) for name, item in plain.items()}
        return named if any(named[name] is not plain[name] for name in plain) else plain
    return plain


def _shown(plain: Any) -> Any:
    """A result with half a surrogate pair in a text (the name of a file that is no UTF-8), which is shown escaped."""
    if isinstance(plain, str):
        return storable(plain)
    if isinstance(plain, dict):
        return {_shown(name): _shown(part) for name, part in plain.items()}
    return [_shown(part) for part in plain] if isinstance(plain, list | tuple) else plain


def _sentence(problem: Problem) -> str:
    return f"{problem.path.lstrip('.')} {problem.message}".strip()


def _unstorable(data: bytes) -> list[Problem]:
    try:
        return list(islice(limits.unstorable(msgspec.json.decode(data), "$"), limits.PROBLEMS))
    except RecursionError:
        return [Problem("$", limits.TOO_DEEP)]


def _served(kind: Any, name: str, task_type: str) -> Any:
    """The annotation, if JSON can be made of it and back."""
    kind = Any if kind is object else kind
    try:
        msgspec.json.Decoder(kind, dec_hook=from_json)
        msgspec.json.schema(kind, schema_hook=SchemaHook())
    except NameError as error:
        raise signature.unresolved(error, task_type) from error
    except Exception as error:  # whatever the methods of a model raise
        reason = str(error).replace("\n", " ")
        if reason.startswith("Encoding objects of type"):
            reason += ", as the default of a field; give it by default_factory"
        raise InvalidRequest(
            f"task type '{task_type}': the annotation of `{name}` can't be served: {reason}",
            hint="use JSON types, tuples, sets, bytes, dates and times, Decimal, UUID, Path, enums, dataclasses, "
            "TypedDict, NamedTuple, attrs classes, msgspec Structs or pydantic models",
        ) from error
    return _formatted(kind)


def _formatted(kind: Any) -> Any:
    whole, inner = get_origin(kind), get_args(kind)
    if whole in (Union, types.UnionType):
        return Union[tuple(_formatted(part) for part in inner)]  # noqa: UP007
    if whole in (list, set, frozenset, tuple, dict):
        return whole[tuple(_formatted(part) for part in inner)]
    if whole is Annotated and inner[0] is datetime and any(getattr(part, "tz", None) for part in inner[1:]):
        return Annotated[kind, msgspec.Meta(extra_json_schema={"pattern": ZONE})]
    return FORMATTED.get(kind, kind) if isinstance(kind, type) else kind


def _field(name: str, kind: Any, default: Any, empty: Any) -> Any:
    if default is empty:
        return name, kind
    if isinstance(default, PLAIN):
        return name, kind, default
    return name, kind, msgspec.field(default_factory=lambda: default)


def _result_type(annotation: Any) -> Any:
    """Without the values that steer (`-> Receipt | Snooze`), which are no results. Of a coroutine, what it returns."""
    if annotation in (NoReturn, Never):
        return None
    if get_origin(annotation) in (Coroutine, Awaitable):
        return _result_type(get_args(annotation)[-1])
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    kept = tuple(kind for kind in get_args(annotation) if kind not in STEERING)
    return Union[kept] if kept else None  # noqa: UP007


# Where a value is wrong, and what is wrong there. Only for the path of errors: nothing here is fast.

_LOCATED = " - at `$"
"""How msgspec (0.22) words where a value is wrong, of which it gives no other sign; a test fails when it changes."""


def _validation_problems(error: msgspec.DecodeError, path: str) -> list[Problem]:
    """What msgspec found in the value at `path`; for a model with its own errors, each of them."""
    text, _, place = str(error).rpartition(_LOCATED) if _LOCATED in str(error) else (str(error), "", "`")
    at = path + place[:-1]
    inner = getattr(error.__cause__, "errors", None)
    if callable(inner):
        return [Problem(at + _joined(one["loc"]), one["msg"]) for one in inner()[: limits.PROBLEMS]]
    return [Problem(at, text[:1].lower() + text[1:])]


def _unwritable(value: Any, path: str = "$") -> Problem | None:
    """The innermost part of a value that can't be written as JSON."""
    try:
        return _non_finite(value, path) or _innermost_unwritable(value, path)
    except RecursionError:
        return Problem(path, f"{limits.TOO_DEEP}, or contains itself")


def _non_finite(value: Any, path: str = "$") -> Problem | None:
    """The first NaN or Infinity: JSON has none, and null would be something else."""
    if isinstance(value, float):
        return None if math.isfinite(value) else Problem(path, f"{value} can't be written as JSON")
    return next(filter(None, (_non_finite(part, at) for at, part in _parts(value, path))), None)


def _unknown(name: str, known: Collection[str]) -> Problem:
    near = nearest(name, known)
    names = ", ".join(f"`{one}`" for one in known) or "none"
    advice = f"did you mean `{near[0]}`?" if near else f"known parameters: {names}"
    return Problem(f"$.{name[:64]}", f"unknown parameter; {advice}")


def _innermost_unwritable(value: Any, path: str) -> Problem | None:
    for at, part in _parts(value, path):
        if found := _innermost_unwritable(part, at):
            return found
    try:
        encoder.encode(value)
    except (TypeError, ValueError, OverflowError) as error:
        return Problem(path, str(error))
    return None


def _parts(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((limits.step(path, str(key)), part) for key, part in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"{path}[{i}]", part) for i, part in enumerate(value))
    else:
        yield from ((f"{path}.{name}", getattr(value, name, None)) for name in field_names(type(value)))


def _joined(location: Collection[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
