"""What installed packages bring: task types, and what those need of the processes they run in.

A package names an App in the group of entry points `taskmill.task_types`, or, if its task types need more than an App,
a Plugin in `taskmill.plugins`. The task types that ship with Taskmill come in the second way, and the rest of Taskmill
knows them by that entry point alone.

The lookup takes some 40 ms and 2 MB, so workers, servers and processes of attempts do it once, at their start; the
supervisor and the commands that need no plugin do not.
"""

import functools
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from taskmill.config.catalogue import Configuration
from taskmill.core.errors import InvalidSettings, UnknownTaskType
from taskmill.core.suggest import did_you_mean
from taskmill.sdk.app import App
from taskmill.sdk.task import Task

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

logger = logging.getLogger(__name__)

PLUGINS = "taskmill.plugins"
TASK_TYPES = "taskmill.task_types"


class ReceivedFile(NamedTuple):
    name: str
    path: str
    """What to name it in parameters."""
    bytes: int
    sha256: str


class UploadedFile(NamedTuple):
    name: str
    path: str
    """What to name it in parameters."""
    bytes: int
    modified_at: int
    """Microseconds since the Unix epoch."""


class FileReceiver(Protocol):
    """A file that grows piece by piece."""

    def write(self, piece: bytes) -> None: ...

    @property
    def received(self) -> ReceivedFile: ...


class UploadFolder(Protocol):
    """Files that callers hand in. Every method may raise OSError, and ValueError for a name that cannot be used."""

    @property
    def root(self) -> str:
        """The folder below which they are kept, for people."""
        ...

    @property
    def limit(self) -> int:
        """Bytes that one may have."""
        ...

    def exists(self, name: str) -> bool: ...

    def receive(self, name: str) -> AbstractContextManager[FileReceiver]:
        """The file appears when the block ends well, and replaces one of that name."""
        ...

    def copy(self, path: str | os.PathLike[str]) -> str:
        """Take in a file of this machine; returns what to name it in parameters."""
        ...

    def newest(self) -> list[UploadedFile]:
        """The newest 1000."""
        ...

    def delete(self, name: str) -> bool:
        """False: there is none."""
        ...


class Plugin(Protocol):
    @property
    def app(self) -> App:
        """Its task types."""
        ...

    @property
    def uploads(self) -> UploadFolder | None:
        """Where callers may hand files in for its task types; None: it takes none."""
        ...

    def configure(self, configuration: Configuration | None) -> None:
        """Called at the start of a process, before all else; None: forget what was given."""
        ...

    def tidy(self) -> None:
        """Remove what killed attempts left behind. Called in a thread by each worker, at its start and once an hour.

        Never raises.
        """
        ...


@functools.cache
def plugins() -> tuple[Plugin, ...]:
    """Those that are installed. Raises InvalidSettings when one cannot be loaded."""
    return tuple(_loaded(point) for point in _entry_points(PLUGINS))


def configure(configuration: Configuration | None) -> None:
    """Give all plugins what this process was given. Raises InvalidSettings."""
    for plugin in plugins():
        plugin.configure(configuration)


def tidy() -> None:
    for plugin in plugins():
        plugin.tidy()


def uploads() -> UploadFolder | None:
    """Of the first plugin that takes files. Raises InvalidSettings."""
    return next((plugin.uploads for plugin in plugins() if plugin.uploads is not None), None)


def handlers(own: App | None, disabled: frozenset[str] = frozenset()) -> dict[str, Task[..., Any]]:
    """Every task type a worker can run, by name, without those that are switched off.

    The app's own win over others of the same name. Raises InvalidSettings when a package cannot be used.
    """
    return {name: task for name, task in _known(own).items() if name not in disabled}


def refuse_disabled(task_type: str, disabled: frozenset[str]) -> None:
    """Raises UnknownTaskType for a task type that is switched off."""
    if task_type in disabled:
        hint = "the operator may take it out of the setting disabled_types"
        raise UnknownTaskType(f"the task type '{task_type}' is switched off", hint=hint)


def warn_of_unknown_switches(own: App | None, disabled: frozenset[str]) -> None:
    """A name in disabled_types that is misspelt leaves on what should be off."""
    known = _known(own) if disabled else {}
    for name in sorted(disabled - known.keys()):
        near = did_you_mean(name, known)
        logger.warning("disabled_types: there is no task type '%s'%s", name, f"; {near}" if near else "")


def _known(own: App | None) -> Mapping[str, Task[..., Any]]:
    found: dict[str, Task[..., Any]] = {}
    for plugin in plugins():
        if taken := sorted(plugin.app.tasks.keys() & found.keys()):
            raise InvalidSettings(f"two installed packages bring a task type '{taken[0]}'")
        found |= plugin.app.tasks
    for point in _entry_points(TASK_TYPES):
        app = _loaded(point)
        if not isinstance(app, App):
            raise InvalidSettings(
                f"{_named(point)} names {point.value}, which is not an App", hint="app = taskmill.App()"
            )
        if taken := sorted(app.tasks.keys() & found.keys()):
            raise InvalidSettings(f"{_named(point)} brings a task type '{taken[0]}', and there is one already")
        found |= app.tasks
    return found | (own.tasks if own else {})


def _entry_points(group: str) -> "Iterator[EntryPoint]":
    from importlib.metadata import entry_points

    return iter(entry_points(group=group))


def _loaded(point: "EntryPoint") -> Any:
    try:
        return point.load()
    except Exception as error:
        raise InvalidSettings(f"{_named(point)} can't be loaded: {type(error).__name__}: {error}") from error


def _named(point: "EntryPoint") -> str:
    package = f"the package {point.dist.name}" if point.dist else "an installed package"
    return f"{package} (entry point {point.name} of {point.group})"
