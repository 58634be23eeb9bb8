"""From a URL to a store."""

import os
from functools import partial
from urllib.parse import quote, unquote

from taskmill.core.errors import InvalidSettings
from taskmill.core.extras import needs
from taskmill.core.urls import scheme_of
from taskmill.stores.contract import Caller, Durability, Store

SCHEMES = ("sqlite", "postgresql", "memory")
DEFAULT_STORE = "sqlite:///taskmill.db"
KNOWN = "sqlite:///taskmill.db, postgresql://user@host/database or memory://"


def open_store(url: str, *, caller: Caller = "thread", durability: Durability = "power") -> Store:
    """The store of a URL; await its `open()` before use. Raises InvalidSettings.

    `sqlite:///relative.db`, `sqlite:////absolute.db`, `postgresql://user:password@host:5432/database`, `memory://`.
    `durability`: what a stored task survives, a power cut or only the death of a process (faster). `caller`: who calls
    the verbs; from a loop, it is the one on which the store is made.
    """
    scheme = store_scheme(url)
    if scheme == "memory":
        from taskmill.stores.memory import MemoryStore

        return MemoryStore()
    if scheme == "postgresql":
        return _postgres(url, caller, durability)
    return _sqlite(url, caller, durability)


def store_scheme(url: str) -> str:
    """Which kind of store. Raises InvalidSettings when the URL is that of none."""
    return scheme_of(url, "a store", SCHEMES, KNOWN)


def anchored(url: str) -> str:
    """The same store from any working directory: the path of an SQLite file becomes an absolute one."""
    if not url.startswith("sqlite:///") or url == "sqlite:///":
        return url
    return f"sqlite:///{quote(os.path.abspath(sqlite_path(url)), safe='/')}"


def sqlite_path(url: str) -> str:
    """Raises InvalidSettings when it names no file."""
    rest = url.removeprefix("sqlite://")
    if not rest.startswith("/") or len(rest) == 1:
        raise InvalidSettings(
            f"'sqlite://{rest}' names no file",
            hint=f"sqlite:/// and a path: sqlite:///{rest.strip('/') or 'taskmill.db'}, or sqlite:////var/lib/taskmill.db",
        )
    return unquote(rest[1:])


def _sqlite(url: str, caller: Caller, durability: Durability) -> Store:
    path = sqlite_path(url)
    from taskmill.stores.sqlite.store import SqliteStore

    return SqliteStore(path, durability=durability, threaded=caller == "loop")


def _postgres(url: str, caller: Caller, durability: Durability) -> Store:
    from taskmill.stores.blocking import blocking

    with needs("postgres", "the store PostgreSQL"):
        from taskmill.stores.postgres.store import PostgresStore
    if caller == "thread":
        return blocking(partial(PostgresStore, url, durability=durability))
    return PostgresStore(url, durability=durability)
