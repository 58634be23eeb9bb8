"""What a handler takes: its parameters by name, and which one is the context."""

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any, NamedTuple

from taskmill.core.errors import InvalidRequest
from taskmill.executors.call import target
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


def default_name(fn: object) -> str:
    """Raises InvalidRequest for what has none."""
    name = getattr(fn, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        raise InvalidRequest(f"{fn!r} has no name for its task type", hint='give it one: @app.task(name="…")')
    return name


def refuse_unless_handler(fn: Any, task_type: str) -> None:
    """Raises InvalidRequest for what can't be called, or does not do its work when it is called once."""
    if not callable(fn) or isinstance(fn, classmethod):
        why = "it can't be called"
    elif inspect.isclass(fn):
        why = "it is a class; declare a function, or an object that can be called"
    elif hasattr(fn, "enqueue"):
        why = "it is a task type already; app.include(…) brings that of another app here"
    elif inspect.isgeneratorfunction(target(fn)) or inspect.isasyncgenfunction(target(fn)):
        why = "it is a generator, which does nothing before somebody asks it for values; return a list"
    elif _is_unbound(fn):
        why = "it is a method, and there is no object to call it on; declare a function"
    else:
        return
    raise InvalidRequest(f"task type '{task_type}': {fn!r} can't be a handler: {why}")


def _is_unbound(fn: object) -> bool:
    """A function in the body of a class."""
    inner = getattr(fn, "__qualname__", "").rpartition("<locals>.")[2]
    first = next(iter(inspect.signature(fn).parameters), None) if inspect.isfunction(fn) and "." in inner else None
    return first in ("self", "cls")


def read(fn: Callable[..., Any], task_type: str) -> Signature:
    """Raises InvalidRequest for a signature whose arguments can't be stored as a JSON object."""
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except ValueError:
        raise InvalidRequest(f"task type '{task_type}': {fn!r} does not say what parameters it takes") from None
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
        return typing.get_type_hints(target(fn), include_extras=True)
    except NameError as unknown:
        raise unresolved(unknown, task_type) from unknown


def unresolved(unknown: NameError, task_type: str) -> InvalidRequest:
    return InvalidRequest(
        f"task type '{task_type}': the annotation `{unknown.name}` is not known at run time",
        hint="import it at the top of the module, not under TYPE_CHECKING",
    )


def summary(fn: Callable[..., Any]) -> str:
    """The first paragraph of the docstring, on one line; that of its class for an object."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    return " ".join((inspect.getdoc(fn) or "").split("\n\n")[0].split())


def _is_context(annotation: Any, fn: Callable[..., Any]) -> bool:
    """An annotation may be text, such as `taskmill.Context`: then its names are looked up where the handler stands."""
    if not isinstance(annotation, str):
        return annotation is Context
    first, *rest = annotation.split(".")
    found = getattr(inspect.unwrap(target(fn)), "__globals__", {}).get(first)
    for name in rest:
        found = getattr(found, name, None)
    return found is Context  # of another name nothing is known yet, so it isn't ours, which was imported by now
