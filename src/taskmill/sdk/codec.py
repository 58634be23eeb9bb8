"""Parameters and results: from Python to JSON and back, checked by the handler's annotations.

Parameters are one JSON object, a field for each parameter that was given; defaults are filled in by the worker.
"""

import types
from collections.abc import Callable, Mapping
from typing import Any, Union, get_args, get_origin

import msgspec

from taskmill.core import limits
from taskmill.core.errors import InvalidParameters, InvalidRequest, Problem
from taskmill.core.outcome import Cancel, Fail, Retry, Snooze
from taskmill.sdk import findings, jsonhooks, signature
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
        self._decode = msgspec.json.Decoder(self._struct, dec_hook=jsonhooks.from_json).decode
        self._encode = jsonhooks.encoder.encode
        self._result = _result_type(hints.get("return", Any))
        self._decode_result: Callable[[str], Any] | None = None

    def encode(self, arguments: Mapping[str, Any]) -> str:
        """The parameters' JSON. Raises InvalidParameters, naming each bad field, and TooLarge."""
        try:
            data = self._encode(arguments)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise self._invalid([findings.unwritable(arguments) or Problem("$", str(error))]) from None
        if b"null" in data and (found := findings.non_finite(arguments)):
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
        if "null" in text and (found := findings.non_finite(value)):
            raise ValueError(found.message)
        return text

    def decode_result(self, result: str) -> Any:
        """Typed by the return annotation. Raises msgspec.DecodeError when it does not fit."""
        if self._decode_result is None:
            kind = _served(self._result, "return", self._task_type)
            self._decode_result = msgspec.json.Decoder(kind, dec_hook=jsonhooks.from_json).decode
        return self._decode_result(result)

    def schema(self, description: str) -> dict[str, Any]:
        """JSON Schema (draft 2020-12) of the parameters object."""
        hook = jsonhooks.Schemas()
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
        checks = (self._check(name, kind, given.get(name)) for name, kind in self._fields.items())
        unknown = [findings.unknown(name, self._fields) for name in given if name not in self._fields]
        return [problem for problems in checks for problem in problems] + unknown

    def _check(self, name: str, kind: Any, given: msgspec.Raw | None) -> list[Problem]:
        if given is None:
            return [Problem(f"$.{name}", "is missing")] if name in self._required() else []
        try:
            msgspec.json.decode(given, type=kind, dec_hook=jsonhooks.from_json)
        except msgspec.DecodeError as error:
            return findings.of_validation(error, f"$.{name}")
        except RecursionError:
            return [Problem(f"$.{name}", limits.TOO_DEEP)]
        return []

    def _required(self) -> set[str]:
        return {field.name for field in msgspec.structs.fields(self._struct) if field.required}

    def _invalid(self, problems: list[Problem]) -> InvalidParameters:
        return InvalidParameters(f"{self._task_type}: {findings.sentence(problems)}", problems=problems)


def _unstorable(data: bytes) -> list[Problem]:
    try:
        return list(limits.unstorable(msgspec.json.decode(data), "$"))
    except RecursionError:
        return [Problem("$", limits.TOO_DEEP)]


def _served(kind: Any, name: str, task_type: str) -> Any:
    """The annotation, if JSON can be made of it and back."""
    kind = Any if kind is object else kind
    try:
        msgspec.json.Decoder(kind, dec_hook=jsonhooks.from_json)
        msgspec.json.schema(kind, schema_hook=jsonhooks.Schemas())
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
