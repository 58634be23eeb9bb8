"""A JSON Schema as rows for people: what each field is called, takes and means."""

from collections.abc import Iterator
from typing import Any

import msgspec

Json = dict[str, Any]
Field = tuple[str, str, bool, str]
"""Name, type, required, description."""


def fields(schema: Json) -> Iterator[Field]:
    """Of an object."""
    for name, field in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        notes = [*_limits(field)]
        if not required and field.get("default") is not None:
            notes.append(f"default {msgspec.json.encode(field['default']).decode()}")
        said = f"({'; '.join(notes)})" if notes else ""
        yield name, _type(field), required, " ".join(filter(None, (field.get("description"), said)))


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
