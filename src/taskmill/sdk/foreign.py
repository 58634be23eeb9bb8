"""What msgspec does not know: pydantic's models, secrets, paths, numbers of numpy, subclasses of plain types.

They are recognised by their shape; neither pydantic nor numpy is ever imported.
"""

import warnings
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import msgspec

SECRET = "get_secret_value"


def to_json(value: Any) -> Any:
    """The `enc_hook`. Raises TypeError for what JSON can't hold."""
    if hasattr(value, "model_dump"):
        plain = value.model_dump(mode="json", by_alias=False, round_trip=True, warnings=False)
        return _as_validated(value, plain)
    if hasattr(value, SECRET):
        return value.get_secret_value()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return value.item()
    raise TypeError(f"`{type(value).__qualname__}` can't be written as JSON")


def from_json(kind: type, value: Any) -> Any:
    """The `dec_hook`. Errors of a model arrive in msgspec's ValidationError, as its cause."""
    if hasattr(kind, "model_validate_json"):
        return kind.model_validate_json(encoder.encode(value))  # as JSON: a strict model takes texts for dates then
    if not isinstance(value, str):
        raise ValueError(f"Expected `str`, got `{type(value).__name__}`")
    return kind(value)


encoder = msgspec.json.Encoder(enc_hook=to_json)


class SchemaHook:
    """The `schema_hook` for one schema; the definitions that models bring along are gathered, to be put at its top."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}

    def __call__(self, kind: Any) -> dict[str, Any]:
        """Raises TypeError for a type of which JSON can't be made, and back."""
        if hasattr(kind, "model_json_schema"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of defaults that no schema can show, such as secrets
                schema: dict[str, Any] = kind.model_json_schema(ref_template="#/$defs/{model}")
            self.definitions |= schema.pop("$defs", {})
            return schema
        if isinstance(kind, type) and issubclass(kind, PurePath):
            return {"type": "string", "format": "path"}
        if isinstance(kind, type) and hasattr(kind, SECRET):
            return {"type": "string", "format": "password", "writeOnly": True}
        raise TypeError(f"no JSON is made of `{getattr(kind, '__qualname__', kind)}` and back")


def _as_validated(value: Any, plain: Any) -> Any:
    """`plain`, which a model made of `value`, under the names by which models validate, and secrets in the open."""
    if hasattr(value, SECRET):
        secret = value.get_secret_value()
        return secret.decode() if isinstance(secret, bytes) else secret
    if getattr(value, "__pydantic_root_model__", False):
        return _as_validated(value.root, plain)
    if isinstance(plain, dict):
        if isinstance(value, Mapping):
            parts = zip(value.values(), plain.items(), strict=False)
            return {name: _as_validated(part, seen) for part, (name, seen) in parts}
        return _by_alias(value, plain)
    if isinstance(plain, list) and isinstance(value, list | tuple | set | frozenset):
        return [_as_validated(*parts) for parts in zip(value, plain, strict=False)]
    return plain


def _by_alias(model: Any, plain: dict[str, Any]) -> dict[str, Any]:
    kind = type(model)
    fields = getattr(kind, "__pydantic_fields__", {})
    settings = getattr(kind, "model_config", {})
    by_name = settings.get("populate_by_name") or settings.get("validate_by_name")
    named: dict[str, Any] = {}
    for name, seen in plain.items():
        part = _as_validated(getattr(model, name, None), seen)
        alias: Any = None if by_name or name not in fields else fields[name].validation_alias
        if hasattr(alias, "choices"):
            alias = next((choice for choice in alias.choices if isinstance(choice, str)), alias.choices[0])
        _put(named, alias.path if hasattr(alias, "path") else [alias or name], part)
    return named


def _put(whole: Any, path: list[str | int], part: Any) -> None:
    """At the end of a path of names and positions, making what is on the way to it."""
    for step, following in zip(path, [*path[1:], None], strict=True):
        if isinstance(step, int):
            whole.extend([None] * (step + 1 - len(whole)))
        if following is None:
            whole[step] = part
        elif isinstance(whole, dict):
            whole = whole.setdefault(step, [] if isinstance(following, int) else {})
        else:
            whole[step] = whole[step] or ([] if isinstance(following, int) else {})
            whole = whole[step]
