"""Are these parameters storable on every store, and do they fit the schema of their task type?"""

import re
from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from jsonschema_rs import ValidationError, ValidationErrorKind, Validator

from taskmill.core.errors import InvalidParameters, Problem, TooLarge
from taskmill.server.limits import Limits
from taskmill.server.near import near_names

ROOT = "$.parameters"
MOST = 20
"""So many problems are told at once."""
MESSAGE_LENGTH = 300
INT64 = range(-(2**63), 2**63)
PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
SUSPECT = re.compile(rb"\\u0000|\d{19}")
"""Text without any of these has neither a NUL character nor an integer beyond 64 bits; most is settled by it."""


def to_json(parameters: dict[str, Any], limits: Limits) -> str:
    """Raises InvalidParameters or TooLarge for what some store or reader could not hold."""
    text = _encode(parameters)
    if len(text) > limits.parameters:
        raise TooLarge(f"the parameters take {len(text)} bytes as JSON; at most {limits.parameters} are allowed")
    nested = text.count(b"{") + text.count(b"[") > limits.depth
    if nested or SUSPECT.search(text):
        _refuse(list(_unstorable(parameters, limits.depth)))
    return text.decode()


def check_schema(parameters: dict[str, Any], validator: Validator, known: Collection[str]) -> None:
    """Raises InvalidParameters with the path of each field that does not fit. `known`: names, for suggestions."""
    if validator.is_valid(parameters):
        return
    problems: list[Problem] = []
    for error in validator.iter_errors(parameters):
        problems.extend(_explain(error, known))
        if len(problems) >= MOST:
            break
    _refuse(problems[:MOST])


def _encode(parameters: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(parameters)
    except (UnicodeEncodeError, RecursionError, TypeError, ValueError, OverflowError) as refused:
        raise InvalidParameters(
            "the parameters cannot be written as JSON", problems=[Problem(ROOT, str(refused))]
        ) from None


def _refuse(problems: list[Problem]) -> None:
    if problems:
        path, message = problems[0]
        raise InvalidParameters(f"the parameters do not fit: {path} {message}", problems=problems)


def _unstorable(parameters: dict[str, Any], depth: int) -> Iterator[Problem]:
    stack: list[tuple[str, Any, int]] = [(ROOT, parameters, 1)]
    while stack:
        path, value, level = stack.pop()
        if isinstance(value, dict | list) and level > depth:
            yield Problem(path[:MESSAGE_LENGTH], f"nests deeper than {depth} levels")
            return
        if isinstance(value, dict):
            yield from (Problem(path, "has a name with a NUL character") for name in value if "\0" in str(name))
            stack.extend((step(path, name), item, level + 1) for name, item in value.items())
        elif isinstance(value, list):
            stack.extend((step(path, index), item, level + 1) for index, item in enumerate(value))
        elif isinstance(value, str) and "\0" in value:
            yield Problem(path, "holds a NUL character")
        elif isinstance(value, int) and value not in INT64:
            yield Problem(path, "is an integer beyond 64 bits; send it as a string")


def step(path: str, name: str | int) -> str:
    """One step down: `$.a`, `$[0]`, `$['odd name']`."""
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if PLAIN_NAME.fullmatch(name) else f"{path}[{name[:64]!r}]"


def _explain(error: ValidationError, known: Collection[str]) -> Iterator[Problem]:
    path = ROOT
    for name in error.instance_path:
        path = step(path, name)
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.Required):
        yield Problem(step(path, str(kind.property)), "is required")
    elif isinstance(kind, ValidationErrorKind.AdditionalProperties):
        yield from (_unexpected(path, str(name), known if path == ROOT else ()) for name in kind.unexpected)
    else:
        yield Problem(path, _shorten(error.message))


def _unexpected(path: str, name: str, known: Collection[str]) -> Problem:
    hint = near_names(name, known)
    return Problem(step(path, name), f"is not a parameter of this task type; {hint}" if hint else "is not expected")


def _shorten(message: str) -> str:
    return message if len(message) <= MESSAGE_LENGTH else f"{message[:MESSAGE_LENGTH]}…"
