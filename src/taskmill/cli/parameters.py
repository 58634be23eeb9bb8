"""From what is typed after -P and -p to a parameters object, with the task type's schema as the guide.

Only the shape is made here; whether the values are right is judged at the service's door, as for every face.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from taskmill.core.errors import InvalidParameters

Json = dict[str, Any]


def parse(task_type: str, schema: Json, text: str | None, pairs: Sequence[str]) -> Json:
    """Raises InvalidParameters."""
    parameters = {} if text is None else _whole(task_type, schema, text)
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InvalidParameters(f"-p {pair!r} is not KEY=VALUE")
        parameters[name] = _value(schema, name, value)
    return parameters


def _whole(task_type: str, schema: Json, text: str) -> Json:
    if text.lstrip().startswith("{"):
        return _object(text)
    name = sole_field(schema)
    if name is None:
        fields = ", ".join(schema.get("properties", {})) or "none"
        raise InvalidParameters(
            f"-P must be a JSON object, since {task_type} does not take exactly one parameter (it takes: {fields})",
            hint=f"taskmill types show {task_type} has an example",
        )
    return {name: _value(schema, name, text)}


def sole_field(schema: Json) -> str | None:
    """The one parameter that must be given; else the only one there is."""
    required = schema.get("required", [])
    names = required or list(schema.get("properties", {}))
    return names[0] if len(names) == 1 else None


def _object(text: str) -> Json:
    try:
        value: Json = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidParameters(f"-P is not a valid JSON object: {error}") from None
    return value


def _value(schema: Json, name: str, text: str) -> Any:
    """Text as it stands where the field takes text; else JSON. What is neither is left for the door to refuse."""
    if "string" in _types(schema.get("properties", {}).get(name, {}), schema):
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return text


def _types(field: Any, schema: Json, depth: int = 8) -> set[str]:
    if not isinstance(field, dict) or depth == 0:
        return set()
    if "$ref" in field:
        name = str(field["$ref"]).rpartition("/")[2]
        return _types(schema.get("$defs", {}).get(name), schema, depth - 1)
    found = field.get("type", [])
    types = {found} if isinstance(found, str) else set(found)
    types |= {"string" for value in field.get("enum", ()) if isinstance(value, str)}
    for option in [*field.get("anyOf", ()), *field.get("oneOf", ())]:
        types |= _types(option, schema, depth - 1)
    return types
