"""A private PostgreSQL, and a fresh database for each test."""

import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.servers.base import HOST, Place, Server
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
        with _fresh(self.url) as url:
            try:
                yield url
            finally:
                self.mend()

    def terminate_connections(self) -> int:
        """Of all clients; returns how many there were."""
        [[number]] = execute(
            self.url,
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where backend_type = 'client backend' and pid <> pg_backend_pid()",
        )
        return int(number)


class GivenPostgres(Place):
    """A server that somebody else runs; the URL names a database from which others can be made."""

    def __init__(self, url: str) -> None:
        self.url = url

    def fresh(self) -> AbstractContextManager[str]:
        return _fresh(self.url)


@contextmanager
def _fresh(url: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    execute(url, f"create database {name}")
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        execute(url, f"drop database if exists {name} with (force)")


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
