"""The service on the configured store, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from taskmill.config.load import settings
from taskmill.config.settings import Settings
from taskmill.core.errors import InvalidSettings, StoreUnavailable
from taskmill.sdk.backend import Backend, ConnectionSettings
from taskmill.sdk.sync import run
from taskmill.service.service import Service
from taskmill.stores.contract import Bell


class Session(NamedTuple):
    service: Service
    bell: Bell


@contextmanager
def session(
    store: str | None, config: str | None, broker: str | None = None, feed: str | None = None
) -> Iterator[Session]:
    """Raises InvalidSettings, StoreUnavailable; never makes a store that is not there."""
    configured = settings({"store": store, "broker": broker, "feed": feed}, file=config)
    opened = Backend(place_of(configured), "thread")
    service = Service(opened, disabled_types=frozenset(configured.disabled_types))
    try:
        run(service.open())
        yield Session(service, opened.store.bell)
    finally:
        run(service.close())


def place_of(configured: Settings) -> ConnectionSettings:
    """Raises InvalidSettings, StoreUnavailable: the store is to be there."""
    _must_exist(configured.store)
    return ConnectionSettings(configured.store, configured.durability, configured.broker, configured.feed)


def _must_exist(url: str) -> None:
    if url.startswith("memory:"):
        raise InvalidSettings(
            "a memory:// store lives in one process and can't be reached from another",
            hint="use sqlite:///taskmill.db",
        )
    path = _path(url)
    if path is not None and not path.exists():
        raise StoreUnavailable(
            f"there is no store at {_relative(path)}", hint="run `taskmill up` here, or pass --store"
        )


def _path(url: str) -> Path | None:
    prefix = "sqlite:///"
    return Path(unquote(url.removeprefix(prefix))) if url.startswith(prefix) else None


def _relative(path: Path) -> str:
    return str(path) if path.is_absolute() else f"./{path}"
