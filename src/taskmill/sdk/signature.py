"""What a handler takes: its parameters by name, and which one is the context."""

import inspect
import typing
from collections.abc import Callable
from typing import Any, NamedTuple

from taskmill.core.errors import InvalidRequest
from taskmill.executors.contract import Context

REFUSED = {
    inspect.Parameter.VAR_POSITIONAL: "name each one, or take a list",
    inspect.Parameter.VAR_KEYWORD: "name each one, or take a dict",
    inspect.Parameter.POSITIONAL_ONLY: "remove the '/': parameters are stored by name",
}


class Signature(NamedTuple):
    context: str | None
    """The parameter that gets the Context."""
    parameters: tuple[inspect.Parameter, ...]
    """The others."""
    positional: tuple[str, ...]
    """Names of those that may be given by position."""


def read(fn: Callable[..., Any], task_type: str) -> Signature:
    """Raises InvalidRequest for a signature whose arguments can't be stored as a JSON object."""
    parameters = list(inspect.signature(fn).parameters.values())
    for parameter in parameters:
        if parameter.kind in REFUSED:
            raise InvalidRequest(f"task type '{task_type}': the parameter `{parameter}`: {REFUSED[parameter.kind]}")
    takes = [parameter.name for parameter in parameters if _is_context(parameter.annotation, fn)]
    if takes and (len(takes) > 1 or takes[0] != parameters[0].name):
        raise InvalidRequest(
            f"task type '{task_type}': `{takes[-1]}: Context` must be the first parameter, and only once"
        )
    own = tuple(parameter for parameter in parameters if parameter.name not in takes)
    names = tuple(parameter.name for parameter in own if parameter.kind is not inspect.Parameter.KEYWORD_ONLY)
    return Signature(takes[0] if takes else None, own, names)


def types(fn: Callable[..., Any], task_type: str) -> dict[str, Any]:
    """Annotations by name, `return` among them, forward references resolved."""
    try:
        return typing.get_type_hints(fn, include_extras=True)
    except NameError as unknown:
        raise InvalidRequest(
            f"task type '{task_type}': the annotation `{unknown.name}` is not known at run time",
            hint="import it at the top of the module, not under TYPE_CHECKING",
        ) from unknown


def summary(fn: Callable[..., Any]) -> str:
    """The first paragraph of the docstring, on one line."""
    return " ".join((inspect.getdoc(fn) or "").split("\n\n")[0].split())


def _is_context(annotation: Any, fn: Callable[..., Any]) -> bool:
    """An annotation may be text, such as `taskmill.Context`: then its names are looked up where the handler stands."""
    if not isinstance(annotation, str):
        return annotation is Context
    first, *rest = annotation.split(".")
    found = getattr(inspect.unwrap(fn), "__globals__", {}).get(first)
    for name in rest:
        found = getattr(found, name, None)
    return found is Context  # of another name nothing is known yet, so it isn't ours, which was imported by now
