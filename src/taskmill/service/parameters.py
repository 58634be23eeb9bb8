"""Are these parameters storable on every store, and do they fit the schema of their task type?"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec
from jsonschema_rs import ValidationError, ValidationErrorKind, Validator

from taskmill.core import limits
from taskmill.core.errors import InvalidParameters, Problem
from taskmill.core.limits import step
from taskmill.core.suggest import near_names

ROOT = "$.parameters"
MOST = 20
"""Problems of one refusal."""
MESSAGE_LENGTH = 300


def to_json(parameters: dict[str, Any]) -> str:
    """Raises InvalidParameters or TooLarge for what some store or reader could not hold."""
    text = _encode(parameters)
    if refused := limits.too_large(len(text)):
        raise refused
    if limits.suspect(text):
        _refuse(list(limits.unstorable(parameters, ROOT)))
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


def _explain(error: ValidationError, known: Collection[str]) -> Iterator[Problem]:
    path = ROOT
    for name in error.instance_path:
        path = step(path, name)
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.Required):
        yield Problem(step(path, str(kind.property)), "is required")
    elif isinstance(kind, ValidationErrorKind.AdditionalProperties):
        yield from (_unexpected(path, str(name), known if path == ROOT else ()) for name in kind.unexpected)
    elif isinstance(kind, ValidationErrorKind.AnyOf):
        yield from _explain_alternatives(path, error, kind.context)
    else:
        yield Problem(path, _shorten(error.message))


def _explain_alternatives(
    path: str, error: ValidationError, branches: list[list[ValidationError]]
) -> Iterator[Problem]:
    """What is wrong with the one that was meant: its JSON type fits, and so does its tag, if it has one."""
    types = {name for errors in branches for one in errors for name in _other_types(one, error)}
    typed = [errors for errors in branches if not any(_other_types(one, error) for one in errors)]
    meant = [errors for errors in typed if not any(map(_tag_of, errors))]
    if len(meant) == 1:
        for one in meant[0]:
            yield from _explain(one, ())
    elif not typed:
        yield Problem(path, f"must be {' or '.join(sorted(types))}")
    elif not meant:
        tags = [tag for errors in typed for tag in map(_tag_of, errors) if tag]
        name = next(one.instance_path[-1] for one in typed[0] if _tag_of(one))
        yield Problem(step(path, name), f"must be one of {', '.join(tags)}")
    elif missing := _missing_in_all(meant):
        yield Problem(step(path, missing), "is required")
    else:
        yield Problem(path, _shorten(error.message))


def _other_types(one: ValidationError, whole: ValidationError) -> Sequence[str]:
    """Those that an alternative would take, where the value is of none of them."""
    here = one.instance_path == whole.instance_path
    return one.kind.types if here and isinstance(one.kind, ValidationErrorKind.Type) else ()


def _tag_of(error: ValidationError) -> str | None:
    """The tag of an alternative, where the error is that another one was given: it has but one allowed value."""
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.Enum) and len(kind.options) == 1:
        return str(kind.options[0])
    return None


def _missing_in_all(branches: list[list[ValidationError]]) -> str | None:
    missing = [
        {str(one.kind.property) for one in errors if isinstance(one.kind, ValidationErrorKind.Required)}
        for errors in branches
    ]
    return min(set.intersection(*missing), default=None) if missing else None


def _unexpected(path: str, name: str, known: Collection[str]) -> Problem:
    hint = near_names(name, known)
    return Problem(step(path, name), f"is not a parameter of this task type; {hint}" if hint else "is not expected")


def _shorten(message: str) -> str:
    return message if len(message) <= MESSAGE_LENGTH else f"{message[:MESSAGE_LENGTH]}…"
