"""Tells which schema a file has and brings it up to date. Safe when several processes start at once."""

import contextlib
from pathlib import Path

import apsw

from taskmill.core.errors import SchemaTooNew, StoreError
from taskmill.stores.sqlite.errors import explained

FOLDER = Path(__file__).with_name("migrations")
APPLICATION = 0x54534B4D
"""`PRAGMA application_id` of our files."""


def steps() -> list[tuple[int, str]]:
    """(number, SQL) of every migration, in order."""
    return [(int(file.name[:4]), file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.sql"))]


def versions(path: str) -> tuple[int, int]:
    """(the schema of the file, the newest that is known), seen without changing anything; 0 where there is no file.

    Raises StoreError.
    """
    newest = steps()[-1][0]
    if not Path(path).exists():
        return 0, newest
    check_file(path)
    try:
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
        try:
            _check_ours(connection, path)
            return _version(connection), newest
        finally:
            connection.close()
    except apsw.Error as error:
        raise explained(error, path) from error


def migrate(connection: apsw.Connection, path: str) -> None:
    """Raises SchemaTooNew when a newer Taskmill made the file, StoreError when it is no store at all."""
    newest = steps()[-1][0]
    _check_ours(connection, path)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
    found = _version(connection)
    if found > newest:
        raise SchemaTooNew(
            f"the database {path} has schema {found}, and this Taskmill knows schemas up to {newest}",
            hint="use the Taskmill that made it, or a newer one",
        )
    if connection.execute("PRAGMA journal_mode").get != "wal":
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
    if found < newest:
        _apply(connection)


def _version(connection: apsw.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").get)


def check_file(path: str) -> None:
    """Raises StoreError when another program made the file, and leaves it as it is.

    An ordinary connection would roll back a journal that it finds, and empty a write-ahead log.
    """
    if not Path(path).exists():
        return
    # Unreadable: left to the connection to come, which says why. It may also be one of ours that changes meanwhile.
    with contextlib.suppress(apsw.Error):
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        connection = apsw.Connection(f"{Path(path).absolute().as_uri()}?immutable=1", flags=flags)
        try:
            _check_ours(connection, path)
        finally:
            connection.close()


def _check_ours(connection: apsw.Connection, path: str) -> None:
    """Tables and mark come into a file in one transaction and are on one page: there are none without the other."""
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if tables and connection.execute("PRAGMA application_id").get != APPLICATION:
        raise StoreError(
            f"the database {path} belongs to another program: it has tables, but not Taskmill's",
            hint="give Taskmill a file of its own",
        )


def _apply(connection: apsw.Connection) -> None:
    """All missing steps in one transaction: a file is at one version or at another, never between."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        for number, sql in steps():
            if number > version:
                connection.execute(sql)
                connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
