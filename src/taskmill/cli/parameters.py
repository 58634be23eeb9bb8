"""From what is typed after -P, -p and --file to parameters, and from a JSON Schema to rows for people.

Only the shape of parameters is made here, with the schema as the guide; whether the values are right is judged by the
service, as for every face.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from taskmill.core.errors import InvalidParameters, InvalidRequest

Json = dict[str, Any]
Field = tuple[str, str, bool, str]
"""Name, type, required, description."""
UPLOAD_MARK = "x-upload"
"""In the schema of the parameter, or of a field in it, that names the file."""


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
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            raise InvalidParameters(f"-P is not a valid JSON object: {error}") from None
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


def _value(schema: Json, name: str, text: str) -> Any:
    """Text as it stands where the field takes text; else JSON. What is neither is left for the service to refuse."""
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


def put_file(task_type: str, schema: Json, parameters: Json, path: str, copy: Callable[[str], str]) -> None:
    """Copy a file from anywhere to where workers read files, and name it in the parameters.

    `copy` raises OSError, ValueError. Raises InvalidParameters, InvalidRequest.
    """
    names = _file_field(schema)
    if not names:
        raise InvalidParameters(f"{task_type} takes no file", hint=f"taskmill types show {task_type}")
    parent: Any = parameters
    for name in names[:-1]:
        parent = parent.setdefault(name, {})
    if not isinstance(parent, dict) or names[-1] in parent:
        raise InvalidParameters(f"--file stands for the parameter {'.'.join(names)}, which is given already")
    try:
        parent[names[-1]] = copy(path)
    except (OSError, ValueError) as error:
        hint = "copy it below a folder of file_roots, and name it there"
        raise InvalidRequest(f"--file {path} can't be copied: {error}", hint=hint) from None


def _file_field(schema: Json) -> tuple[str, ...]:
    """Names on the way to the marked field; none: there is no such field."""
    for name, field in schema.get("properties", {}).items():
        if field.get(UPLOAD_MARK):
            return (name,)
        for option in (field, *field.get("anyOf", ())):
            inner_schema = schema.get("$defs", {}).get(str(option.get("$ref", "")).rpartition("/")[2], option)
            for inner, inner_field in inner_schema.get("properties", {}).items():
                if inner_field.get(UPLOAD_MARK):
                    return (name, inner)
    return ()


def fields(schema: Json) -> Iterator[Field]:
    """Of an object."""
    for name, field in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        notes = [*_limits(field)]
        if not required and field.get("default") is not None:
            notes.append(f"default {msgspec.json.encode(field['default']).decode()}")
        limits = f"({'; '.join(notes)})" if notes else ""
        yield name, _type(field), required, " ".join(filter(None, (field.get("description"), limits)))


def parts(schema: Json) -> Iterator[tuple[str, str, list[Field]]]:
    """The kinds of objects that its fields may hold: name, description and fields of each."""
    for name, part in schema.get("$defs", {}).items():
        yield name, " ".join(str(part.get("description", "")).split()), list(fields(part))


def _limits(field: Json) -> Iterator[str]:
    """In words: from 1, to 1000, up to 200 characters."""
    for option in field.get("anyOf", (field,)):
        least, most = option.get("minimum", option.get("exclusiveMinimum")), option.get("maximum")
        ends = [f"{word} {_plain(end)}" for word, end in (("from", least), ("to", most)) if end is not None]
        if ends:
            yield " ".join(ends)
        if "maxLength" in option:
            yield f"up to {option['maxLength']:,} characters"
        if "enum" in option:
            words = ", ".join(map(str, option["enum"]))
            yield f"always {words}" if len(option["enum"]) == 1 else f"one of {words}"


def _plain(number: float) -> str:
    return f"{int(number) if number == int(number) else number:,}"


def _type(field: Json) -> str:
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"])
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if isinstance(items := field.get("items"), dict) and (inner := _type(items)) != "any":
        return f"array of {inner}"
    found = field.get("type", "string" if "enum" in field else "any")
    return " or ".join(found) if isinstance(found, list) else str(found)
