"""Which task types there are: those that ship with Taskmill, those of installed packages, and the app's own."""

import logging
from typing import TYPE_CHECKING, Any

from taskmill.catalogue.base import app
from taskmill.catalogue.settings import current
from taskmill.core.errors import InvalidSettings
from taskmill.sdk.app import App
from taskmill.sdk.task import Task

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "taskmill.task_types"
"""Packages name their App in this group of entry points."""


def handlers(own: App | None) -> dict[str, Task[..., Any]]:
    """Every task type a worker can run, by name, without those that are switched off.

    The app's own win over others of the same name. Raises InvalidSettings when a package cannot be used.
    """
    off = current().disabled_types
    return {name: task for name, task in _all(own).items() if name not in off}


def warn_of_unknown_switches(own: App | None) -> None:
    """A name in disabled_types that is misspelt leaves on what should be off."""
    known = _all(own)
    for name in sorted(current().disabled_types - known.keys()):
        from difflib import get_close_matches

        near = get_close_matches(name, known, 1)
        advice = f"; did you mean {near[0]}?" if near else ""
        log.warning("disabled_types: there is no task type '%s'%s", name, advice)


def _all(own: App | None) -> dict[str, Task[..., Any]]:
    return app.tasks | _installed() | (own.tasks if own else {})


def _installed() -> dict[str, Task[..., Any]]:
    from importlib.metadata import entry_points

    found: dict[str, Task[..., Any]] = {}
    for point in entry_points(group=GROUP):
        tasks = _loaded(point).tasks
        if taken := sorted(tasks.keys() & (app.tasks.keys() | found.keys())):
            raise InvalidSettings(f"{_named(point)} brings a task type '{taken[0]}', and there is one already")
        found |= tasks
    return found


def _loaded(point: "EntryPoint") -> App:
    try:
        loaded = point.load()
    except Exception as error:
        raise InvalidSettings(f"{_named(point)} can't be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(loaded, App):
        raise InvalidSettings(f"{_named(point)} names {point.value}, which is not an App", hint="app = taskmill.App()")
    return loaded


def _named(point: "EntryPoint") -> str:
    package = f"the package {point.dist.name}" if point.dist else "an installed package"
    return f"{package} (entry point {point.name} of {GROUP})"
