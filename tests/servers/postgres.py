"""A private PostgreSQL, and a fresh database for each test."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.servers.base import HOST, Provisioner, Server
from tests.servers.packages import binary

_numbers = itertools.count(1)


class PostgresServer(Server):
    """Over TCP and a unix socket. What is committed is in the hands of the system, so SIGKILL loses nothing.

    `fsync`: on the disk as well, as it is shipped; for measurements.
    """

    name = "postgres"
    end = signal.SIGINT

    def __init__(self, *, fsync: bool = False, max_connections: int = 100) -> None:
        super().__init__()
        self._databases = Databases(self.url)
        self._settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": str(self.directory),
            "max_connections": str(max_connections),
            **({} if fsync else {"fsync": "off", "full_page_writes": "off"}),
        }

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{HOST}:{self.port}/postgres"

    @property
    def socket_url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.directory}&port={self.port}"

    def _command(self) -> list[str]:
        if not self.data.exists():
            self._initdb()
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        return [*_as_postgres(), binary("postgres"), "-D", str(self.data), *options]

    def _initdb(self) -> None:
        initdb = [binary("initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"]
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        command = [*_as_postgres(), *initdb, "-D", str(self.data)]
        made = subprocess.run(command, cwd=self.directory, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def _answers(self) -> bool:
        try:
            execute(self.url, "select 1")
        except psycopg.OperationalError:
            return False
        return True

    @contextmanager
    def fresh(self) -> Iterator[str]:
        with self._databases.fresh() as url:
            try:
                yield url
            finally:
                self.mend()

    def wipe(self) -> None:
        super().wipe()
        self._databases.forget()

    def terminate_connections(self) -> int:
        """Of all clients; returns how many there were."""
        [[number]] = execute(
            self.url,
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where backend_type = 'client backend' and pid <> pg_backend_pid()",
        )
        return int(number)


class StandbyServer(PostgresServer):
    """Copies `primary` and follows it: read-only until `promote`."""

    def __init__(self, primary: PostgresServer) -> None:
        super().__init__()
        self._primary = primary

    def _initdb(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        copy = [
            binary("pg_basebackup"),
            "-d",
            self._primary.url,
            "-D",
            str(self.data),
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
        ]
        made = subprocess.run([*_as_postgres(), *copy, "--no-sync"], capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(f"pg_basebackup failed:\n{made.stdout}{made.stderr}")

    def catch_up(self) -> None:
        """Returns when it has all that is committed on the primary now."""
        [[position]] = execute(self._primary.url, "select pg_current_wal_lsn()")
        until = time.monotonic() + 30
        while execute(self.url, f"select pg_last_wal_replay_lsn() >= '{position}'") != [(True,)]:
            if time.monotonic() > until:
                raise RuntimeError(f"the standby does not follow. Its log ends so:\n{self.tail()}")
            time.sleep(0.01)

    def promote(self) -> None:
        execute(self.url, "select pg_promote()")


class ExternalPostgres(Provisioner):
    """A server that somebody else runs and no test may harm; the URL names a database from which others can be made."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._databases = Databases(url)

    def fresh(self) -> AbstractContextManager[str]:
        return self._databases.fresh()

    def close(self) -> None:
        self._databases.close()


class Databases:
    """Empty databases of one server. Making one copies 300 files, so one that can be emptied is used again.

    Not by the next test at once: what a test leaves running shall not write into the database of the one after it.
    """

    RESTING = 6

    def __init__(self, url: str) -> None:
        self._url = url
        self._empty: list[str] = []

    @contextmanager
    def fresh(self) -> Iterator[str]:
        url = self._empty.pop(0) if len(self._empty) > self.RESTING else self._make()
        try:
            yield url
        finally:
            if _emptied(url):
                self._empty.append(url)
            else:
                self._drop(url)

    def forget(self) -> None:
        """The server was wiped."""
        self._empty.clear()

    def close(self) -> None:
        while self._empty:
            self._drop(self._empty.pop())

    def _make(self) -> str:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        execute(self._url, f"create database {name}")
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()

    def _drop(self, url: str) -> None:
        execute(self._url, f"drop database if exists {urlsplit(url).path[1:]} with (force)")


OTHERS = "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
IN_USE = f"select count(*) {OTHERS}"
SCHEMAS = "select nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('public', 'information_schema')"
LEFT = """
select (select count(*) from pg_class where relnamespace = 'public'::regnamespace)
     + (select count(*) from pg_proc where pronamespace = 'public'::regnamespace)
     + (select count(*) from pg_type where typnamespace = 'public'::regnamespace)
     + (select count(*) from pg_extension where extname <> 'plpgsql')
     + (select count(*) from pg_db_role_setting)
     + (select count(*) from pg_database where datname = current_database() and datconnlimit <> -1)
"""


def _emptied(url: str) -> bool:
    """Whether it is as new again: nobody is connected, and nothing is in it."""
    with contextlib.suppress(psycopg.Error), psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute("set statement_timeout = '5s'")
        connection.execute(f"select pg_terminate_backend(pid, 5000) {OTHERS}")
        for [schema] in connection.execute(SCHEMAS).fetchall():
            connection.execute(f'drop schema "{schema}" cascade')
        return all(connection.execute(query).fetchone() == (0,) for query in (IN_USE, LEFT))
    return False


def execute(url: str, sql: str) -> list[Any]:
    """One statement on a connection of its own; its rows, if it has any."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def _as_postgres() -> list[str]:
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"]
