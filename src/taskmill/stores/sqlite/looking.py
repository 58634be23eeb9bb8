"""Looks at a file without changing it."""

from pathlib import Path

import apsw

from taskmill.stores.sqlite.failures import explained
from taskmill.stores.sqlite.schema import steps


def versions(path: str) -> tuple[int, int]:
    """(the schema of the file, the newest that is known); 0 where there is no file. Raises StoreError."""
    newest = steps()[-1][0]
    if not Path(path).exists():
        return 0, newest
    try:
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return int(connection.execute("PRAGMA user_version").get), newest
        finally:
            connection.close()
    except apsw.Error as error:
        raise explained(error, path) from error
