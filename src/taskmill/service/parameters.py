"""Are these parameters storable on every store, and do they fit the schema of their task type?"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from jsonschema_rs import ValidationError, ValidationErrorKind, Validator

from taskmill.core import limits
from taskmill.core.errors import InvalidParameters, Problem
from taskmill.core.limits import step
from taskmill.core.suggest import near_names
from taskmill.service.narrowing import narrowed

ROOT = "$.parameters"
MESSAGE_LENGTH = 300
UNEXPLAINED = f"what is wrong where is said of the first {limits.PROBLEMS} problems of a batch"
LEAST = (
    ValidationErrorKind.MinItems,
    ValidationErrorKind.MinProperties,
    ValidationErrorKind.Contains,
    ValidationErrorKind.Required,
)
"""What a value may lack that was only cut short."""


def to_json(parameters: dict[str, Any]) -> bytes:
    """Raises InvalidParameters, TooLarge."""
    try:
        text = msgspec.json.encode(parameters)
    except (UnicodeEncodeError, RecursionError, TypeError, ValueError, OverflowError) as refused:
        raise InvalidParameters(
            "the parameters cannot be written as JSON", problems=[Problem(ROOT, str(refused))]
        ) from None
    if too_large := limits.too_large(len(text)):
        raise too_large
    return text


def check(
    parameters: dict[str, Any], text: bytes, validator: Validator, known: Collection[str], explain: bool = True
) -> None:
    """Raises InvalidParameters with the paths of the first fields that do not fit. `known`: names, for suggestions.

    `text`: their JSON. `explain`: False leaves out what is wrong where, which takes longer than to see that it is.
    """
    if limits.suspect(text):
        _refuse(limits.unstorable(parameters, ROOT))
    if validator.is_valid(parameters):
        return
    if not explain:
        raise InvalidParameters("the parameters do not fit the schema of the task type", hint=UNEXPLAINED)
    part = narrowed(parameters, validator.is_valid)
    errors = (error for error in validator.iter_errors(part) if not _is_of_the_cut(error, parameters, part))
    _refuse(problem for error in errors for problem in _explain(error, known))
    _refuse([Problem(ROOT, "is refused by the schema of the task type")])  # where, a part of it could not tell


def _refuse(found: Iterable[Problem]) -> None:
    if problems := list(islice(found, limits.PROBLEMS)):
        path, message = problems[0]
        raise InvalidParameters(
            f"the parameters do not fit: {path} {message}", problems=problems, hint=limits.more(problems)
        )


def _is_of_the_cut(error: ValidationError, whole: Any, part: Any) -> bool:
    """Whether a list or an object is called too short that was longer before it was cut."""
    if part is whole or not isinstance(error.kind, LEAST):
        return False
    for name in error.instance_path:
        whole, part = whole[name], part[name]
    return len(whole) > len(part)


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
