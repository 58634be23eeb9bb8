"""An example that fits a JSON Schema, for people to start from."""

from typing import Any

DEPTH = 8
BY_TYPE: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}


def example(schema: Any, root: dict[str, Any] | None = None, depth: int = DEPTH) -> Any:
    """The schema's own example, default or constant where it has one, else a value of its type."""
    if not isinstance(schema, dict) or depth == 0:
        return None
    root = schema if root is None else root
    if "$ref" in schema:
        return example(_look_up(root, schema["$ref"]), root, depth - 1)
    for choices in ("examples", "enum"):
        if schema.get(choices):
            return schema[choices][0]
    for value in ("const", "default"):
        if value in schema:
            return schema[value]
    for options in ("anyOf", "oneOf", "allOf"):
        if schema.get(options):
            return example(schema[options][0], root, depth - 1)
    return _of_type(schema, root, depth)


def _of_type(schema: dict[str, Any], root: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "array":
        return [example(schema["items"], root, depth - 1)] if schema.get("items") else []
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        return {name: example(properties.get(name), root, depth - 1) for name in schema.get("required", ())}
    if kind in ("integer", "number") and isinstance(schema.get("minimum"), int | float):
        return schema["minimum"]
    return BY_TYPE.get(str(kind))


def _look_up(root: dict[str, Any], ref: Any) -> Any:
    """Only references within the schema."""
    found: Any = root
    for name in str(ref).removeprefix("#/").split("/"):
        found = found.get(name) if isinstance(found, dict) else None
    return found
