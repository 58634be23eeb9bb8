"""One connection to the file, and the ways to run a statement on it."""

import contextlib
import os
import time
from dataclasses import dataclass
from typing import Any

import apsw

from taskmill.core.private_files import open_private
from taskmill.stores.contract import Durability
from taskmill.stores.sqlite.schema import check_file, migrate

PAGE_BYTES = 2_048
"""Of a file that is made now. A lone insert writes three pages, and half of SQLite's usual size makes it cheaper."""
CACHE_KIB = 16_384
JOURNAL_BYTES = 64 * 2**20
"""What the write-ahead log is cut back to after a rush."""


@dataclass(frozen=True)
class SqliteTimings:
    """In seconds."""

    lock_timeout: float = 10.0
    """How long a writer waits for another one: a process that is stopped (SIGSTOP) in the middle of a write keeps all
    others waiting until it goes on or dies."""
    first_lock_pause: float = 0.0001
    longest_lock_pause: float = 0.002
    """SQLite's own handler sleeps longer each time (1, 2, 5, 10 … 100 ms), which is most of the time of a small write
    when several workers share a file."""
    poll_interval: float = 0.1
    """How often whoever waits for a change looks, where the bell has no sockets."""


TIMINGS = SqliteTimings()


class Database:
    """Used by one thread at a time."""

    def __init__(self, path: str, durability: Durability, timings: SqliteTimings = TIMINGS) -> None:
        self.queues: set[str] = set()
        """Names known to be in the table of queues."""
        self.connection = _connect(path, timings)
        self.execute = self.connection.execute
        self.changes = self.connection.changes
        self.durable = Transaction(self, "FULL" if durability == "power" else "NORMAL")
        """For what was promised to somebody."""
        self.hasty = Transaction(self, "NORMAL")
        """For what may be undone by a power cut without harm: a claim, a heartbeat."""
        self._synchronous = ""
        migrate(self.connection, path)

    def one(self, sql: str, bindings: Any = None) -> Any:
        """The one row (or the one value) of a query that always has one; runs it to its end."""
        return self.execute(sql, bindings).get

    def close(self) -> None:
        self.connection.close()

    def synchronize(self, level: str) -> None:
        """How far a commit reaches: FULL, the disk; NORMAL, the kernel."""
        if self._synchronous != level:
            # SQLite does this one while it prepares the statement: from the cache it would do nothing.
            self.execute(f"PRAGMA synchronous = {level}", can_cache=False)
            self._synchronous = level


class Transaction:
    """`with` it: one transaction, and the only one that writes.

    A process that is stopped within keeps all other writers waiting, so what can be computed before is.
    """

    def __init__(self, database: Database, level: str) -> None:
        self._database = database
        self._level = level

    def __enter__(self) -> "Transaction":
        self._database.synchronize(self._level)
        self._database.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: type[BaseException] | None, *failure: object) -> None:
        connection = self._database.connection
        try:
            if kind is None:
                connection.execute("COMMIT")
        finally:
            # SQLite itself has rolled back after some failures, like a full disk.
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def again(self) -> None:
        """Undo what this transaction has done, and go on in a new one."""
        self._database.execute("ROLLBACK")
        self._database.execute("BEGIN IMMEDIATE")

    def alone(self, sql: str, bindings: Any) -> int:
        """One statement that is its own transaction; returns how many rows it changed."""
        database = self._database
        database.synchronize(self._level)
        database.execute(sql, bindings)
        return database.changes()


def _connect(path: str, timings: SqliteTimings) -> apsw.Connection:
    with contextlib.suppress(OSError):  # SQLite says better what is wrong; its other files get the mode of this one
        os.close(open_private(path, os.O_CREAT | os.O_EXCL))
    check_file(path)
    connection = apsw.Connection(path)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # until it is known to be ours
    connection.set_busy_handler(BusyHandler(timings))
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}").fetchall()
    return connection


class BusyHandler:
    """SQLite lets one process write at a time, and asks here what to do meanwhile.

    See sqlite.org/c3ref/busy_handler.html.
    """

    def __init__(self, timings: SqliteTimings) -> None:
        self._timings = timings
        self._end = 0.0

    def __call__(self, looked: int) -> bool:
        """`looked`: how often it was asked for this lock. Whether to look once more."""
        timings = self._timings
        now = time.monotonic()
        if looked == 0:
            self._end = now + timings.lock_timeout
        if now > self._end:
            return False
        time.sleep(min(timings.longest_lock_pause, timings.first_lock_pause * 1.5 ** min(looked, 20)))
        return True
