"""The servers that tests stand on: fresh places, kill, restart, wipe, freeze, and nothing left behind."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pika
import psutil
import psycopg
import pytest
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, ConnectionBlockedTimeout
from redis import Redis
from redis.exceptions import AuthenticationError, TimeoutError

from tests.chaos.mill import until
from tests.servers import PostgresServer, RabbitmqServer, RedisServer
from tests.servers.postgres import GivenPostgres, execute
from tests.servers.rabbitmq import GivenRabbitmq
from tests.servers.redis import GivenRedis


def publish(url: str, queue: str) -> None:
    """One durable message in a durable queue, confirmed."""
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_publish("", queue, b"-", pika.BasicProperties(delivery_mode=2), mandatory=True)


def holds(url: str, queue: str) -> bool:
    """Whether there is the queue, and a message in it, which is left there."""
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        with contextlib.suppress(ChannelClosedByBroker):
            return connection.channel().basic_get(queue)[0] is not None
        return False


class TestPostgres:
    def test_a_fresh_database_is_empty_and_gone_afterwards(self, postgres: PostgresServer) -> None:
        for _ in range(2):
            with postgres.fresh() as url:
                execute(url, "create table t (i int)")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            execute(url, "select 1")

    def test_a_kill_loses_no_commit_and_wiping_loses_all(self, postgres: PostgresServer) -> None:
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

    def test_connections_can_be_terminated(self, postgres: PostgresServer, postgres_url: str) -> None:
        with psycopg.connect(postgres_url) as connection:
            assert postgres.terminate_connections() >= (0 if "TEST_POSTGRES_URL" in os.environ else 1)
            with psycopg.connect(postgres.url) as own:
                assert postgres.terminate_connections() >= 1
                with pytest.raises(psycopg.OperationalError, match="administrator command"):
                    own.execute("select 1")
            connection.close()

    def test_fsync_is_for_those_who_measure(self, postgres: PostgresServer) -> None:
        assert execute(postgres.url, "show fsync") == [("off",)]
        assert execute(postgres.url, "show synchronous_commit") == [("on",)]
        with PostgresServer(fsync=True, max_connections=7) as other:
            assert execute(other.url, "show fsync") == [("on",)]
            assert execute(other.url, "show max_connections") == [("7",)]

    def test_a_given_server_lends_databases(self, postgres: PostgresServer) -> None:
        with GivenPostgres(postgres.url).fresh() as url:
            assert execute(url, "select current_database()") == [(urlsplit(url).path[1:],)]


class TestRedis:
    def test_a_fresh_database_is_empty_and_gone_afterwards(self, redis: RedisServer) -> None:
        with redis.fresh() as one, redis.fresh() as other:
            with Redis.from_url(one) as client:
                client.set("a", 1)
            with Redis.from_url(other) as client:
                assert client.dbsize() == 0
        with Redis.from_url(one) as client:
            assert client.dbsize() == 0

    @pytest.mark.parametrize("appendonly", [True, False])
    def test_a_restart_keeps_data_when_it_is_to(self, appendonly: bool) -> None:
        with RedisServer(appendonly=appendonly) as server, Redis.from_url(server.url) as client:
            client.set("a", 1)
            server.restart()
            assert client.exists("a") == appendonly
            server.wipe()
            server.start()
            assert client.exists("a") == 0

    def test_a_password(self) -> None:
        with RedisServer(password="not told") as server:
            with Redis.from_url(f"redis://127.0.0.1:{server.port}") as client, pytest.raises(AuthenticationError):
                client.ping()
            with Redis.from_url(server.url) as client:
                assert client.ping()

    def test_a_frozen_server_takes_connections_and_says_nothing(self, redis: RedisServer) -> None:
        redis.pause()
        with Redis.from_url(redis.url, socket_timeout=0.1, retry=None) as client:
            with pytest.raises(TimeoutError):
                client.ping()
            redis.resume()
            assert client.ping()

    def test_a_given_database_with_keys_in_it_is_not_touched(self, redis: RedisServer) -> None:
        with Redis.from_url(redis.url) as client:
            client.set("somebody's", 1)
            with pytest.raises(RuntimeError, match="name an empty one"):
                GivenRedis(redis.url)
            assert client.getdel("somebody's")
        with GivenRedis(redis.url).fresh() as url:
            assert url == redis.url


class TestRabbitmq:
    def test_a_fresh_vhost_is_empty_and_gone_afterwards(self, rabbitmq: RabbitmqServer) -> None:
        with rabbitmq.fresh() as one, rabbitmq.fresh() as other:
            publish(one, "q")
            assert holds(one, "q")
            assert not holds(other, "q")
        with pytest.raises(AMQPConnectionError, match="not found"):
            holds(one, "q")

    def test_a_kill_keeps_durable_queues_and_wiping_loses_them(self, rabbitmq: RabbitmqServer) -> None:
        publish(rabbitmq.url, "kept")
        rabbitmq.kill()
        with pytest.raises(AMQPConnectionError):
            holds(rabbitmq.url, "kept")
        rabbitmq.start()
        assert holds(rabbitmq.url, "kept")
        rabbitmq.wipe()
        rabbitmq.start()
        assert not holds(rabbitmq.url, "kept")

    @pytest.mark.parametrize("resource", ["memory", "disk"])
    def test_an_alarm_blocks_who_publishes(self, rabbitmq: RabbitmqServer, resource: str, amqp_url: str) -> None:
        if "TEST_AMQP_URL" in os.environ:
            amqp_url = rabbitmq.url
        parameters = pika.URLParameters(amqp_url)
        parameters.blocked_connection_timeout = 0.2
        rabbitmq.set_alarm(resource, True)  # type: ignore[arg-type]
        channel = pika.BlockingConnection(parameters).channel()
        channel.confirm_delivery()
        channel.queue_declare("q", durable=True)
        with pytest.raises(ConnectionBlockedTimeout):
            channel.basic_publish("", "q", b"-")
        rabbitmq.set_alarm(resource, False)  # type: ignore[arg-type]
        publish(amqp_url, "r")

    @pytest.mark.slow
    def test_a_given_node_lends_vhosts(self) -> None:
        with RabbitmqServer(management=True) as server:
            given = GivenRabbitmq(server.url, f"http://127.0.0.1:{server.api_port}")
            with given.fresh() as url:
                publish(url, "q")
            with pytest.raises(AMQPConnectionError, match="not found"):
                holds(url, "q")


def test_a_server_that_does_not_come_up_shows_its_log() -> None:
    server = RedisServer()
    server._settings["maxmemory"] = "a lot"
    with pytest.raises(RuntimeError, match=r"redis did not come up on port \d+(?s:.*)maxmemory"), server:
        pass
    assert not server.directory.exists()


STARTER = """
import os, signal
from tests.servers import PostgresServer
server = PostgresServer()
server.start()
print(server._process.pid, server.directory, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_is_left_of_a_session_that_was_killed() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", STARTER],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": "."},
    )
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    pid, directory = ran.stdout.split()
    until(lambda: not Path(directory).exists(), 5, "the directory is gone")
    with contextlib.suppress(psutil.NoSuchProcess):
        assert psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE
