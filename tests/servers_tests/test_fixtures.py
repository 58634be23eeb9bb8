"""The fixtures of tests/conftest.py, on our own servers or on given ones."""

import pytest
from redis import Redis

from tests.servers.postgres import execute
from tests.servers_tests.test_rabbitmq import holds, publish


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_test_gets_empty_places(time: str, postgres_url: str, amqp_url: str, redis_url: str) -> None:
    assert execute(postgres_url, "select count(*) from pg_tables where schemaname = 'public'") == [(0,)]
    execute(postgres_url, "create table t (i int)")
    assert not holds(amqp_url, "q")
    publish(amqp_url, "q")
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("a", 1)
