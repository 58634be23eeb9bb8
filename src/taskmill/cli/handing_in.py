"""`submit --file`: a file from anywhere, copied to where workers read files, and its place there as a parameter."""

from typing import Any

from taskmill.core.errors import InvalidParameters, InvalidRequest

Json = dict[str, Any]
MARK = "x-upload"
"""In the schema of the parameter, or of a field in it, that names the file."""


def put(task_type: str, schema: Json, parameters: Json, path: str, config: str | None) -> None:
    """Raises InvalidParameters, InvalidRequest."""
    names = _place(schema)
    if not names:
        raise InvalidParameters(f"{task_type} takes no file", hint=f"taskmill types show {task_type}")
    at: Any = parameters
    for name in names[:-1]:
        at = at.setdefault(name, {})
    if not isinstance(at, dict) or names[-1] in at:
        raise InvalidParameters(f"--file stands for the parameter {'.'.join(names)}, which is given already")
    at[names[-1]] = _copied(path, config)


def _place(schema: Json) -> tuple[str, ...]:
    """Names on the way to the marked field; none: there is no such field."""
    for name, field in schema.get("properties", {}).items():
        if field.get(MARK):
            return (name,)
        for option in (field, *field.get("anyOf", ())):
            for inner, inner_field in _object(option, schema).get("properties", {}).items():
                if inner_field.get(MARK):
                    return (name, inner)
    return ()


def _object(field: Json, schema: Json) -> Json:
    found: Json = schema.get("$defs", {}).get(str(field.get("$ref", "")).rpartition("/")[2], field)
    return found


def _copied(path: str, config: str | None) -> str:
    from taskmill.config.catalogue import Configuration
    from taskmill.config.load import settings
    from taskmill.plugins import configure, uploads

    found = settings(file=config)
    configure(Configuration(found, found.store, found.durability))  # without the secrets in files
    folder = uploads()
    try:
        if folder is None:
            raise ValueError("no installed package takes files")
        return folder.copy(path)
    except (OSError, ValueError) as error:
        hint = "copy it below a folder of file_roots, and name it there"
        raise InvalidRequest(f"--file {path} can't be copied: {error}", hint=hint) from None
    finally:
        configure(None)
