"""What PostgreSQL and its driver say, told so that a person knows what to do. Never with a password."""

import asyncpg

from taskmill.core.errors import InvalidRequest, InvalidSettings, StoreError, StoreUnavailable, TaskmillError

_CONNECT = "check that the server runs, its host and port, and what stands between"
_URL = "check its options; what is special in user and password is percent-encoded: %40 for @, %2F for /, %3F for ?"
_UNAVAILABLE: dict[type[Exception], tuple[str, str]] = {
    asyncpg.TooManyConnectionsError: (
        "has no connection left",
        "raise max_connections of the server, run fewer workers, or close what else is connected",
    ),
    asyncpg.CannotConnectNowError: ("is starting up or shutting down", "wait until it is up"),
    asyncpg.AdminShutdownError: ("has closed the connection", "nothing, if somebody has restarted the server"),
    asyncpg.CrashShutdownError: ("has crashed and starts again", "look at its log"),
    asyncpg.DiskFullError: ("cannot grow: the disk is full", "free some space on its disk"),
    asyncpg.OutOfMemoryError: ("is out of memory", "look at the memory of its host, and at its settings"),
    asyncpg.ReadOnlySQLTransactionError: (
        "cannot be written: it is read-only",
        "name the primary server, not a standby: ?target_session_attrs=read-write chooses among several hosts",
    ),
    asyncpg.exceptions.TargetServerAttributeNotMatched: (
        "is not of the kind that target_session_attrs asks for",
        "wait until one of its hosts is the primary, or name that one",
    ),
    asyncpg.QueryCanceledError: ("took too long to answer", "look for what holds locks: pg_stat_activity, pg_locks"),
    asyncpg.LockNotAvailableError: ("waits for a lock", "look for what holds locks: pg_stat_activity, pg_locks"),
    asyncpg.DeadlockDetectedError: ("was asked for the same by too many at once", "try again"),
    asyncpg.SerializationError: ("was asked for the same by too many at once", "try again"),
    asyncpg.exceptions.OperatorInterventionError: ("has closed the connection", "look at its log"),
    asyncpg.PostgresConnectionError: ("has closed the connection", _CONNECT),
    asyncpg.IdleInTransactionSessionTimeoutError: ("has closed the connection", "a program was stopped in the middle"),
    asyncpg.InterfaceError: ("has closed the connection", _CONNECT),
    TimeoutError: ("did not answer in time", _CONNECT),
    OSError: ("cannot be reached", _CONNECT),
}
_SETTINGS: dict[type[Exception], tuple[str, str]] = {
    asyncpg.InvalidPasswordError: ("refused the password", "check user and password of the URL, or PGPASSFILE"),
    asyncpg.InvalidAuthorizationSpecificationError: ("refused the user", "check the user, and pg_hba.conf"),
    asyncpg.InvalidCatalogNameError: ("does not have this database", "make it: createdb NAME"),
    asyncpg.UndefinedObjectError: ("does not know an option", "check what follows the ? of the URL"),
    asyncpg.CantChangeRuntimeParamError: ("does not take an option", "check what follows the ? of the URL"),
}
_BROKEN: dict[type[Exception], tuple[str, str]] = {
    asyncpg.InsufficientPrivilegeError: (
        "does not let this user do what Taskmill needs",
        "the first start makes the schema taskmill: GRANT CREATE ON DATABASE … TO …; its owner may do the rest",
    ),
    asyncpg.UndefinedTableError: ("lacks a table of Taskmill", "run `taskmill migrate`, or start a server or a worker"),
}


def explained(error: Exception, location: str) -> TaskmillError:
    """The error of the contract that stands for this one."""
    if isinstance(error, TaskmillError):
        return error
    if isinstance(error, asyncpg.DataError | UnicodeEncodeError | OverflowError):
        return InvalidRequest(f"a value cannot be stored: {error}")
    if isinstance(error, ValueError):  # from reading the URL; what it says may be a part of the password
        return InvalidSettings(f"the URL of the database {location} cannot be read", hint=_URL)
    for meaning, table in ((InvalidSettings, _SETTINGS), (StoreUnavailable, _UNAVAILABLE), (StoreError, _BROKEN)):
        for kind, (what, hint) in table.items():
            if isinstance(error, kind):
                return meaning(f"the database {location} {what}{_said(error)}", hint=hint)
    return StoreError(f"the database {location} refused a statement{_said(error)}")


def _said(error: Exception) -> str:
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        return ""  # it names the statement, and the same fault would have several texts, each with a line in the log
    text = str(error).strip()
    return f" ({text})" if text else ""
