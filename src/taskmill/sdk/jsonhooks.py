"""JSON of what msgspec does not know: models with pydantic's methods, recognised by their shape, never imported."""

from typing import Any

import msgspec


def to_json(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"`{type(value).__qualname__}` can't be written as JSON")


def from_json(kind: type, value: Any) -> Any:
    """Errors of the model arrive in msgspec's ValidationError, as its cause."""
    if hasattr(kind, "model_validate"):
        return kind.model_validate(value)
    raise NotImplementedError


def is_known(kind: Any) -> bool:
    """Whether a type that msgspec does not know is one of those served here."""
    return kind is Any or hasattr(kind, "model_validate")


class Schemas:
    """The `schema_hook` for one schema; definitions that models bring along are gathered to be put on top."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}

    def __call__(self, kind: type) -> dict[str, Any]:
        if not hasattr(kind, "model_json_schema"):
            raise NotImplementedError
        schema: dict[str, Any] = kind.model_json_schema(ref_template="#/$defs/{model}")
        self.definitions |= schema.pop("$defs", {})
        return schema


encoder = msgspec.json.Encoder(enc_hook=to_json)
