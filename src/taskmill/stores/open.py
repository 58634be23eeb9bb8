"""From a URL to a store."""

from urllib.parse import unquote

from taskmill.core.errors import InvalidSettings
from taskmill.stores.contract import Durability, Store

SCHEMES = ("sqlite", "memory")


def open_store(url: str, *, threaded: bool = False, durability: Durability = "power") -> Store:
    """The store of a URL; await its `open()` before use. Raises InvalidSettings.

    `sqlite:///relative.db`, `sqlite:////absolute.db`, `memory://`. `durability`: what a stored task survives, a
    power cut or only the death of a process (faster). `threaded`: verbs run in a thread of the store, for one event
    loop; otherwise they run on the calling thread and never suspend.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in SCHEMES:
        raise InvalidSettings(f"{url!r} is not the URL of a store", hint=_hint(scheme))
    if scheme == "memory":
        from taskmill.stores.memory import MemoryStore

        return MemoryStore()
    if not rest.startswith("/") or len(rest) == 1:
        raise InvalidSettings(
            f"{url!r} names no file",
            hint=f"sqlite:/// and a path: sqlite:///{rest.strip('/') or 'taskmill.db'}, or sqlite:////var/lib/taskmill.db",
        )
    from taskmill.stores.sqlite.store import SqliteStore

    return SqliteStore(unquote(rest[1:]), durability=durability, threaded=threaded)


def _hint(scheme: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(scheme, SCHEMES, 1)
    known = "sqlite:///taskmill.db or memory://"
    return f"did you mean {near[0]}://? Known are {known}" if near else f"known are {known}"
