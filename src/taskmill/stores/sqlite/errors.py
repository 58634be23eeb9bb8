"""What SQLite says, told so that a person knows what to do."""

import apsw

from taskmill.core.errors import StoreError, StoreUnavailable

_UNAVAILABLE: dict[type[apsw.Error], tuple[str, str]] = {
    apsw.BusyError: (
        "is kept by another process",
        "a program holds a transaction open on it, or is stopped within one: let it go on, close or kill it",
    ),
    apsw.LockedError: ("is kept by another process", "close the program that holds a transaction open on it"),
    apsw.FullError: ("cannot grow: the disk is full", "free some space on its disk"),
    apsw.IOError: ("cannot be read or written", "look at the health of its disk and at the space that is left"),
    apsw.CantOpenError: ("cannot be opened", "its folder must exist and be writable by this user"),
}
_BROKEN: dict[type[apsw.Error], tuple[str, str]] = {
    apsw.ReadOnlyError: ("cannot be written: it is read-only", "make the file and its folder writable by this user"),
    apsw.NotADBError: ("is not a SQLite database", "check the path of the store"),
    apsw.CorruptError: ("is damaged", "restore it from a backup, or save what can be read with `sqlite3 .recover`"),
    apsw.ConnectionClosedError: ("is closed", "open the store before its first use"),
}


def explained(error: apsw.Error, path: str) -> StoreError:
    """The error of the contract that stands for this one."""
    for kind, (what, hint) in _UNAVAILABLE.items():
        if isinstance(error, kind):
            return StoreUnavailable(f"the database {path} {what} ({error})", hint=hint)
    for kind, (what, hint) in _BROKEN.items():
        if isinstance(error, kind):
            return StoreError(f"the database {path} {what} ({error})", hint=hint)
    return StoreError(f"the database {path} refused a statement: {error}")
