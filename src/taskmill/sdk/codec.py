"""Parameters and results: from Python to JSON and back, checked by the handler's annotations.

Parameters are one JSON object, a field for each parameter that was given; defaults are filled in by the worker.
Models with pydantic's methods are recognised by their shape; pydantic is never imported.
"""

import dataclasses
import math
import types
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Union, get_args, get_origin

import msgspec

from taskmill.core import limits
from taskmill.core.errors import InvalidParameters, InvalidRequest, Problem
from taskmill.core.outcome import Cancel, Fail, Retry, Snooze
from taskmill.core.suggest import nearest
from taskmill.sdk import signature
from taskmill.sdk.signature import Signature

DRAFT = "https://json-schema.org/draft/2020-12/schema"
STEERING = (Retry, Snooze, Cancel, Fail)
PLAIN = (types.NoneType, bool, int, float, str)


class Codec:
    """Made from a handler at its first use, so that annotations may name what is defined later."""

    def __init__(self, fn: Callable[..., Any], task_type: str, shape: Signature) -> None:
        hints = signature.types(fn, task_type)
        self._task_type = task_type
        self._fields = {p.name: _served(hints.get(p.name, Any), p.name, task_type) for p in shape.parameters}
        fields = [_field(p.name, self._fields[p.name], p.default, p.empty) for p in shape.parameters]
        self._struct = msgspec.defstruct(task_type, fields, kw_only=True, forbid_unknown_fields=True)
        self._decode = msgspec.json.Decoder(self._struct, dec_hook=_from_json).decode
        self._encode = encoder.encode
        self._result = _result_type(hints.get("return", Any))
        self._decode_result: Callable[[str], Any] | None = None

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
        try:
            self._decode(data)
        except (msgspec.DecodeError, RecursionError):
            raise self._invalid(self._problems(data)) from None
        return data.decode()

    def decode(self, parameters: str) -> dict[str, Any]:
        """Typed arguments by name. Raises InvalidParameters."""
        try:
            return msgspec.structs.asdict(self._decode(parameters))
        except (msgspec.DecodeError, RecursionError):
            raise self._invalid(self._problems(parameters.encode())) from None

    def encode_result(self, value: Any) -> str:
        """Raises TypeError or ValueError for what JSON can't hold."""
        if value is None:
            return "null"
        text = self._encode(value).decode()
        if "null" in text and (found := _non_finite(value)):
            raise ValueError(found.message)
        return text

    def decode_result(self, result: str) -> Any:
        """Typed by the return annotation. Raises msgspec.DecodeError when it does not fit."""
        if self._decode_result is None:
            kind = _served(self._result, "return", self._task_type)
            self._decode_result = msgspec.json.Decoder(kind, dec_hook=_from_json).decode
        return self._decode_result(result)

    def schema(self, description: str) -> dict[str, Any]:
        """JSON Schema (draft 2020-12) of the parameters object."""
        hook = SchemaHook()
        whole = msgspec.json.schema(self._struct, schema_hook=hook)
        definitions = whole["$defs"]
        own = definitions.pop(whole["$ref"].rpartition("/")[2].replace("~1", "/").replace("~0", "~"))
        definitions |= hook.definitions
        head = {"$schema": DRAFT, "title": self._task_type} | ({"description": description} if description else {})
        return head | {k: v for k, v in own.items() if k != "title"} | ({"$defs": definitions} if definitions else {})

    def _problems(self, data: bytes) -> list[Problem]:
        try:
            given = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, RecursionError) as error:
            return [Problem("$", f"the parameters must be a JSON object: {error}")]
        wrong = (self._check(name, kind, given.get(name)) for name, kind in self._fields.items())
        unknown = (_unknown(name, self._fields) for name in given if name not in self._fields)
        return list(islice(chain(chain.from_iterable(wrong), unknown), limits.PROBLEMS))

    def _check(self, name: str, kind: Any, given: msgspec.Raw | None) -> list[Problem]:
        if given is None:
            return [Problem(f"$.{name}", "is missing")] if name in self._required() else []
        try:
            msgspec.json.decode(given, type=kind, dec_hook=_from_json)
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


def _unstorable(data: bytes) -> list[Problem]:
    try:
        return list(islice(limits.unstorable(msgspec.json.decode(data), "$"), limits.PROBLEMS))
    except RecursionError:
        return [Problem("$", limits.TOO_DEEP)]


def _served(kind: Any, name: str, task_type: str) -> Any:
    """The annotation, if JSON can be made of it and back."""
    kind = Any if kind is object else kind
    try:
        msgspec.json.Decoder(kind, dec_hook=_from_json)
        msgspec.json.schema(kind, schema_hook=SchemaHook())
    except (TypeError, NameError, NotImplementedError) as error:
        reason = str(error).replace("\n", " ")
        raise InvalidRequest(
            f"task type '{task_type}': the annotation of `{name}` can't be served: {reason}",
            hint="use JSON types, dataclasses, TypedDict, enums, msgspec Structs or pydantic models",
        ) from error
    return kind


def _field(name: str, kind: Any, default: Any, empty: Any) -> Any:
    if default is empty:
        return name, kind
    if isinstance(default, PLAIN):
        return name, kind, default
    return name, kind, msgspec.field(default_factory=lambda: default)


def _result_type(annotation: Any) -> Any:
    """Without the values that steer (`-> Receipt | Snooze`): they are never results."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    kept = tuple(kind for kind in get_args(annotation) if kind not in STEERING)
    return Union[kept] if kept else None  # noqa: UP007


# What msgspec does not know: models with pydantic's methods.


def _to_json(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"`{type(value).__qualname__}` can't be written as JSON")


def _from_json(kind: type, value: Any) -> Any:
    """Errors of the model arrive in msgspec's ValidationError, as its cause."""
    if hasattr(kind, "model_validate"):
        return kind.model_validate(value)
    raise NotImplementedError


class SchemaHook:
    """The `schema_hook` for one schema; the definitions that models bring along are gathered, to be put at its top."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}

    def __call__(self, kind: type) -> dict[str, Any]:
        if not hasattr(kind, "model_json_schema"):
            raise NotImplementedError
        schema: dict[str, Any] = kind.model_json_schema(ref_template="#/$defs/{model}")
        self.definitions |= schema.pop("$defs", {})
        return schema


encoder = msgspec.json.Encoder(enc_hook=_to_json)


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
        yield from ((f"{path}.{name}", getattr(value, name, None)) for name in _field_names(value))


def _field_names(value: Any) -> Collection[str]:
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    kind = type(value)
    return list(getattr(kind, "__struct_fields__", ())) or list(getattr(kind, "model_fields", ()))


def _joined(location: Collection[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
