"""Between views and messages: fields of one name are one thing, and JSON goes as bytes, as it is stored."""

from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import msgspec
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from taskmill.core.errors import InvalidParameters, InvalidRequest, Problem
from taskmill.rpc import tasks_pb2 as pb
from taskmill.service import views

M = TypeVar("M", bound=Message)
TIMESTAMP = Timestamp.DESCRIPTOR.full_name


def filled(message: M, view: Any) -> M:
    """The message, with what the view has of its fields."""
    for name, field in _fields(message.DESCRIPTOR):
        value = getattr(view, name, None)
        if value is None:
            continue
        if isinstance(value, dict) and field.message_type is not None:
            getattr(message, name).update(value)
        elif isinstance(value, list):
            _extend(getattr(message, name), field, value)
        elif field.message_type is not None:
            _at(getattr(message, name), value)
        elif field.enum_type is not None:
            setattr(message, name, number_of(field.enum_type, value))
        elif field.type == FieldDescriptor.TYPE_BYTES:
            setattr(message, name, bytes(value) if isinstance(value, msgspec.Raw) else msgspec.json.encode(value))
        else:
            setattr(message, name, value)
    return message


def draft(message: pb.Draft) -> views.Draft:
    """Raises InvalidRequest."""
    given = _given(message)
    given["parameters"] = _object(message.parameters, "$.parameters")
    given["meta"] = _object(message.meta, "$.meta")
    return _converted(given, views.Draft)


def where(message: pb.Filter, **more: bool) -> views.Bulk:
    """Raises InvalidRequest."""
    given = _given(message) | more
    given["meta"] = _object(message.meta, "$.meta")
    return _converted(given, views.Bulk)


@cache
def number_of(kind: EnumDescriptor, word: str) -> int:
    """STATE_READY of `ready`."""
    return int(kind.values_by_name[f"{_prefix(kind)}{word.upper()}"].number)


def _given(message: Message) -> dict[str, Any]:
    """What is set, in the words of the views."""
    given: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.enum_type is not None:
            kind = field.enum_type
            numbers = value if isinstance(value, int) is False else [value]
            words = [_word(kind, number, field.name) for number in numbers]
            given[field.name] = words[0] if isinstance(value, int) else words
        elif field.message_type is not None:
            given[field.name] = value.ToJsonString()
        elif field.type != FieldDescriptor.TYPE_BYTES:
            given[field.name] = value if isinstance(value, str | int | float | bool) else list(value)
    return given


def _word(kind: EnumDescriptor, number: int, name: str) -> str:
    found = kind.values_by_number.get(number)
    if found is None or number == 0:
        known = ", ".join(value.name for value in kind.values[1:])
        raise InvalidRequest(f"$.{name} must be {known}", problems=[Problem(f"$.{name}", f"must be {known}")])
    return str(found.name.removeprefix(_prefix(kind)).lower())


def _prefix(kind: EnumDescriptor) -> str:
    return str(kind.values[0].name.removesuffix("UNSPECIFIED"))


def _object(text: bytes, path: str) -> Any:
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        why = f"must be a JSON object: {error}"
        raise InvalidParameters(f"{path} {why}", problems=[Problem(path, why)]) from None


T = TypeVar("T")


def _converted(given: dict[str, Any], shape: type[T]) -> T:
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        what, _, path = str(error).rpartition(" - at `")
        place = path[:-1] or "$"
        raise InvalidRequest(f"{place} {what or error}", problems=[Problem(place, what or str(error))]) from None


def _extend(there: Any, field: FieldDescriptor, values: list[Any]) -> None:
    if field.message_type is None:
        there.extend(values)
    else:
        for value in values:
            filled(there.add(), value)


def _at(there: Timestamp, value: str | datetime) -> None:
    if isinstance(value, datetime):
        there.FromDatetime(value)
    else:
        there.FromJsonString(value)


@cache
def _fields(descriptor: Descriptor) -> list[tuple[str, FieldDescriptor]]:
    """Without messages that are not times, and not several: those are put together by hand."""
    kept = []
    for field in descriptor.fields:
        one = field.message_type is not None and field.message_type.full_name != TIMESTAMP and not _is_repeated(field)
        if not one:
            kept.append((field.name, field))
    return kept


def _is_repeated(field: FieldDescriptor) -> bool:
    return bool(field.is_repeated)
