from urllib.parse import urlsplit

import psycopg
import pytest

from tests.servers import PostgresServer
from tests.servers.postgres import Databases, ExternalPostgres, execute

pytestmark = pytest.mark.slow


def test_a_fresh_database_is_empty_and_gone_afterwards(postgres: PostgresServer) -> None:
    with postgres.fresh() as url, postgres.fresh() as other:
        execute(url, "create table t (i int)")
        execute(other, "create table t (i int)")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        execute(url, "select 1")


def test_a_kill_loses_no_commit_and_wiping_loses_all(postgres: PostgresServer) -> None:
    execute(postgres.url, "create table kept as select 7 as i")
    postgres.kill()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        execute(postgres.url, "select i from kept")
    postgres.start()
    assert execute(postgres.url, "select i from kept") == [(7,)]
    postgres.restart()
    assert execute(postgres.socket_url, "select i from kept") == [(7,)]
    postgres.wipe()
    postgres.start()
    with pytest.raises(psycopg.errors.UndefinedTable):
        execute(postgres.url, "select i from kept")


def test_connections_can_be_terminated(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url) as connection:
        assert postgres.terminate_connections() == 1
        with pytest.raises(psycopg.OperationalError, match="administrator command"):
            connection.execute("select 1")


def test_fsync_is_for_those_who_measure(postgres: PostgresServer) -> None:
    assert execute(postgres.url, "show fsync") == [("off",)]
    assert execute(postgres.url, "show synchronous_commit") == [("on",)]
    with PostgresServer(fsync=True, max_connections=7) as other:
        assert execute(other.url, "show fsync") == [("on",)]
        assert execute(other.url, "show max_connections") == [("7",)]


def test_a_given_server_lends_databases(postgres: PostgresServer) -> None:
    with ExternalPostgres(postgres.url).fresh() as url:
        assert execute(url, "select current_database()") == [(urlsplit(url).path[1:],)]


def test_a_database_that_can_be_emptied_is_used_again(postgres: PostgresServer) -> None:
    used = set()
    for _ in range(2 * Databases.RESTING):
        with postgres.fresh() as url:
            assert execute(url, "select count(*) from pg_namespace where nspname = 'ours'") == [(0,)]
            execute(url, "create schema ours; create table ours.t (i int)")
            used.add(url)
    assert len(used) < 2 * Databases.RESTING
