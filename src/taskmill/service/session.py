"""The service on the configured store, in this process, for a face that is one thread: the command line."""

import contextlib
import getpass
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote

from taskmill.config.catalogue import Configuration
from taskmill.config.load import settings
from taskmill.config.settings import Settings
from taskmill.core.access import LOCAL
from taskmill.core.errors import InvalidSettings, StoreUnavailable
from taskmill.plugins import configure, uploads
from taskmill.sdk.backend import Backend, ConnectionSettings
from taskmill.sdk.sync import run
from taskmill.service.access import Credentials, allowed
from taskmill.service.service import Service

T = TypeVar("T")


class CoroutineRunner(Protocol):
    def __call__(self, coroutine: Coroutine[Any, Any, T], /) -> T: ...


class Session:
    def __init__(self, service: Service, run: CoroutineRunner, settings: Settings) -> None:
        self.service = service
        self.run = run
        """Calls a method of the service: `session.run(session.service.get(id))`."""
        self._settings = settings

    def copy_file(self, path: str) -> str:
        """Take in a file of this machine where task types may read it; returns what to name it in parameters.

        Raises OSError, and ValueError with the reason.
        """
        configure(Configuration(self._settings, self._settings.store, self._settings.durability))  # without secrets
        try:
            folder = uploads()
            if folder is None:
                raise ValueError("no installed package takes files")
            return folder.copy(path)
        finally:
            configure(None)


@contextmanager
def open_session(
    store: str | None, config: str | None, broker: str | None = None, feed: str | None = None
) -> Iterator[Session]:
    """What is called in it runs on the caller's thread. Raises InvalidSettings, StoreUnavailable.

    The store must be there: a slip in a URL must not make a second one.
    """
    found = configured(store, config, broker, feed)
    service = service_on(Backend(connection_settings(found), "thread"), found)
    try:
        run(service.open())
        yield Session(by_command(service), run, found)
    finally:
        run(service.close())


def by_command(service: Service) -> Service:
    """Whoever has the store may do all, and is named in the audit."""
    who = LOCAL
    with contextlib.suppress(OSError, KeyError, ImportError):  # a user without a name
        who = LOCAL._replace(name=f"local:{getpass.getuser()}")
    return allowed(service, who, Credentials("cli"))


def configured(store: str | None, config: str | None, broker: str | None, feed: str | None) -> Settings:
    found = settings({"store": store, "broker": broker, "feed": feed}, file=config)
    _must_exist(found.store)
    return found


def service_on(backend: Backend, settings: Settings) -> Service:
    return Service(backend, disabled_types=frozenset(settings.disabled_types))


def connection_settings(settings: Settings) -> ConnectionSettings:
    return ConnectionSettings(settings.store, settings.durability, settings.broker, settings.feed)


def _must_exist(url: str) -> None:
    if url.startswith("memory:"):
        raise InvalidSettings(
            "a memory:// store lives in one process and can't be reached from another",
            hint="use sqlite:///taskmill.db",
        )
    prefix = "sqlite:///"
    path = Path(unquote(url.removeprefix(prefix)))
    if url.startswith(prefix) and not path.exists():
        shown = path if path.is_absolute() else f"./{path}"
        raise StoreUnavailable(f"there is no store at {shown}", hint="run `taskmill up` here, or pass --store")
