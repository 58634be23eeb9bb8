"""One connection to the file, and the ways to run a statement on it."""

from typing import Any, Literal

import apsw

from taskmill.core.errors import StoreUnavailable
from taskmill.stores.sqlite.lock import WriterLock
from taskmill.stores.sqlite.schema import migrate

Durability = Literal["power", "process"]
BUSY_TIMEOUT_MS = 10_000
"""For writers that do not take our lock, like the sqlite3 shell."""
CACHE_KIB = 16_384
JOURNAL_BYTES = 64 * 2**20
"""What the write-ahead log is cut back to after a rush."""


class Database:
    """Used by one thread at a time."""

    def __init__(self, path: str, durability: Durability) -> None:
        self.queues: set[str] = set()
        """Names known to be in the table of queues."""
        self.connection = _connect(path)
        self.execute = self.connection.execute
        self.changes = self.connection.changes
        self.lock = _lock(path)
        self.durable = Writing(self, "FULL" if durability == "power" else "NORMAL")
        """For what was promised to somebody."""
        self.hasty = Writing(self, "NORMAL")
        """For what may be undone by a power cut without harm: a claim, a heartbeat."""
        self._synchronous = ""
        with self.lock:
            migrate(self.connection, path)

    def one(self, sql: str, bindings: Any = None) -> Any:
        """The one row (or the one value) of a query that always has one; runs it to its end."""
        return self.execute(sql, bindings).get

    def close(self) -> None:
        self.connection.close()
        self.lock.close()

    def synchronize(self, level: str) -> None:
        """How far a commit reaches: FULL, the disk; NORMAL, the kernel."""
        if self._synchronous != level:
            # SQLite does this one while it prepares the statement: from the cache it would do nothing.
            self.execute(f"PRAGMA synchronous = {level}", can_cache=False)
            self._synchronous = level


class Writing:
    """`with` it: the writer's lock, and one transaction."""

    def __init__(self, database: Database, level: str) -> None:
        self._database = database
        self._level = level

    def __enter__(self) -> "Writing":
        database = self._database
        database.lock.__enter__()
        try:
            database.synchronize(self._level)
            database.execute("BEGIN IMMEDIATE")
        except BaseException:
            database.lock.__exit__()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *failure: object) -> None:
        try:
            self._end(kind is None)
        finally:
            self._database.lock.__exit__()

    def again(self) -> None:
        """Undo what this transaction has done, and go on in a new one."""
        self._database.execute("ROLLBACK")
        self._database.execute("BEGIN IMMEDIATE")

    def alone(self, sql: str, bindings: Any) -> int:
        """One statement that is its own transaction; returns how many rows it changed."""
        database = self._database
        with database.lock:
            database.synchronize(self._level)
            database.execute(sql, bindings)
            return database.changes()

    def _end(self, good: bool) -> None:
        connection = self._database.connection
        try:
            if good:
                connection.execute("COMMIT")
        finally:
            # SQLite itself has rolled back after some failures, like a full disk.
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _connect(path: str) -> apsw.Connection:
    connection = apsw.Connection(path)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}").fetchall()
    return connection


def _lock(path: str) -> WriterLock:
    try:
        return WriterLock(path)
    except OSError as error:
        raise StoreUnavailable(
            f"the database {path} needs a lock file beside it, and {error.filename} cannot be opened: {error.strerror}",
            hint="its folder must exist and be writable by this user",
        ) from error
